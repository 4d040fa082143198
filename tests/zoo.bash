# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the test scripts of builds share: a fresh folder to work in ($SCRATCH, entered here), small nets
# made by printf, checks, and a look at the events.
passed=0 failed=0
export LC_ALL=C
root=$PWD build=$(realpath -m "${BUILD:-build}")
: "${ZOOC:=$build/zooc}" "${SCRATCH:=$build/scratch/$(basename "$0" .sh)}"
case $ZOOC in /*) ;; *) ZOOC=$root/$ZOOC ;; esac
[ -z "${ZOOC_FAST:-}" ] || ZOOC_FAST=$(realpath "$ZOOC_FAST")
rm -rf "$SCRATCH" && mkdir -p "$SCRATCH" && cd "$SCRATCH" || exit 1
# Tests ask no server, and leave the user's cache alone.
export ZOOC_OFFLINE=1 ZOOC_CACHE=$SCRATCH/cache
# What is built again is of interest, not what a cache spares; tests of the cache say so themselves.
export ZOOC_CACHE_MODE=${ZOOC_CACHE_MODE-off}

# check NAME COMMAND...
check() {
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "ok      $name"
    else
        failed=$((failed + 1))
        echo "FAILED  $name"
        return 1
    fi
}

# tiny_net FOLDER N: a Caffe net of one fully connected layer, 4 to 2, whose first weight depends on N
# (1 to 9). The .caffemodel is protobuf: layer (field 100) of name, type, and two blobs of data and
# shape.
tiny_net() {
    mkdir -p "$1"
    cat >"$1/net.prototxt" <<'END'
name: "tiny"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 4 } } }
layer {
  name: "fc"
  type: "InnerProduct"
  bottom: "data"
  top: "fc"
  inner_product_param { num_output: 2 }
}
layer { name: "prob" type: "Softmax" bottom: "fc" top: "prob" }
END
    {
        printf '\xa2\x06\x4d\x0a\x02fc\x12\x0cInnerProduct'
        printf '\x3a\x28\x2a\x20'
        # shellcheck disable=SC2059 # the format is the bytes
        printf "\\x00\\x00\\x${2}0\\x3f"
        printf '\x00\x00\x00\x40\x00\x00\x40\x40\x00\x00\x80\x40'
        printf '\x00\x00\xa0\x40\x00\x00\xc0\x40\x00\x00\xe0\x40\x00\x00\x00\x41'
        printf '\x3a\x04\x0a\x02\x02\x04'
        printf '\x3a\x0f\x2a\x08\x00\x00\x00\x3f\x00\x00\x80\x3f\x3a\x03\x0a\x01\x02'
    } >"$1/net.caffemodel"
}

# flip_byte FILE [OFFSET]: turns a bit of one byte; the default is inside the weights. Twice: back.
flip_byte() {
    local offset=${2:-30} byte
    byte=$(od -An -tu1 -j "$offset" -N 1 "$1" | tr -d ' ')
    # shellcheck disable=SC2059 # the format is the byte
    printf "\\x$(printf %x $((byte ^ 8)))" |
        dd of="$1" bs=1 seek="$offset" conv=notrunc status=none
}

# steps_done FOLDER: "MODEL VARIANT" of the steps that the last build really did, sorted; "-" is the
# unpacking.
steps_done() {
    sed -n '/"outcome": *"done"/{s/.*"model": *"\([^"]*\)".*"variant": *"\([^"]*\)".*/\1 \2/;t p
s/.*"model": *"\([^"]*\)".*/\1 -/;:p
p}' "$1/.zooc/events.jsonl" | sort
}
