#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A truncated model is refused: exit code 1, one message, no output. A model with flipped bits is refused
# likewise or converted whole (a flipped weight is a weight). Nothing else ever happens: no crash, no
# hang, no fault of ours, no half-written files. Run with sanitizers.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$PWD
build=${BUILD:-build}
scratch=${SCRATCH:-$(mktemp -d)}
zooc=${ZOOC:-$build/sanitize/zooc}
case $zooc in /*) ;; *) zooc=$root/$zooc ;; esac
passed=0 failed=0
cd "$scratch" || exit 1

fail() {
    failed=$((failed + 1))
    echo "FAILED $1"
    head -n 5 errors
}

# attempt NAME MAY_SUCCEED: converts hurt/NAME.*, then looks at how it ended and what is there.
attempt() {
    local name=$1 may_succeed=$2 code files said
    rm -rf out
    timeout 60 "$zooc" convert "${model[@]}" -o out -n net --silent 2>errors </dev/null
    code=$?
    files=$(find out -type f 2>/dev/null | wc -l)
    said=$(grep -c '^\[ ERROR \]' errors)
    if [ "$code" -eq 1 ] && [ "$files" -eq 0 ] && [ "$said" -ge 1 ] && [ "$said" -le "${several:-1}" ]; then
        passed=$((passed + 1))
    elif [ "$code" -eq 0 ] && [ "$files" -eq 3 ] && [ -n "$may_succeed" ]; then
        passed=$((passed + 1))
    else
        fail "$name: exit code $code, $files files"
    fi
}

# flip FILE OFFSET BIT: in place.
flip() {
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    # shellcheck disable=SC2059 # the format is the byte
    printf "$(printf '\\x%02x' $((byte ^ (1 << $3))))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# Only the file that is hurt differs from the last time.
fresh() {
    [ -e hurt ] || cp -r whole hurt
    cp "whole/$file" "hurt/$file"
}

# hurt FILE RUNS [WHY]: RUNS truncations and RUNS flips of FILE, spread over it; its ends get some more.
# WHY: what is left may be good (of a text, a smaller network).
hurt() {
    local file=$1 runs=$2 why=${3-} size offset i
    rm -rf hurt
    size=$(stat -c %s "whole/$file") && cp -r whole hurt || exit 1
    attempt "$file whole" yes
    [ -e out/net.xml ] || fail "$file: what is whole does not convert"
    for ((i = 0; i < runs; i++)); do
        case $i in
        [0-7]) offset=$i ;;
        [89]) offset=$((size - i + 7)) ;;
        *) offset=$((size * i / runs)) ;;
        esac
        fresh
        truncate -s "$offset" "hurt/$file"
        attempt "$file cut at $offset" "$why"
        fresh
        flip "hurt/$file" "$((offset * 7 % size))" $((i % 8))
        attempt "$file, bit $((i % 8)) flipped at $((offset * 7 % size))" yes
    done
}

"$zooc" unpack "$root/zoo/digits_mlp.tar.bz2" -o whole >/dev/null || exit 1
model=(--input_model hurt/digits_mlp.caffemodel --input_proto hurt/digits_mlp.prototxt)
hurt digits_mlp.caffemodel 60
hurt digits_mlp.prototxt 40 text

# TensorFlow's forms. A graph whose names are changed may miss several things, a message each.
mkdir whole/tf && tar -xJf "$root/tests/cases/tf_files/models.tar.xz" -C whole/tf net functions functional module || exit 1
rm -rf whole/*.*
net=(-b 1 --output output)
model=(--input_model hurt/tf/net/graph.pb --input_checkpoint hurt/tf/net/v1/model.ckpt "${net[@]}")
hurt tf/net/v1/model.ckpt 30
model=(--input_model hurt/tf/net/parts/graph.pb --input_checkpoint hurt/tf/net/parts/v2 "${net[@]}")
hurt tf/net/parts/v2.index 30
hurt tf/net/parts/v2.data-00000-of-00001 20
model=(--input_model hurt/tf/net/resource/graph.pb --input_checkpoint hurt/tf/net/objects "${net[@]}")
hurt tf/net/objects/model-1.index 20
hurt tf/net/objects/model-1.data-00000-of-00001 20 unneeded # the counter at its end
hurt tf/net/objects/checkpoint 20 text
several=20
hurt tf/net/resource/graph.pb 30
model=(--input_meta_graph hurt/tf/net/meta/net.ckpt-7.meta "${net[@]}")
hurt tf/net/meta/net.ckpt-7.meta 30
model=(--saved_model_dir hurt/tf/net/saved -b 1)
hurt tf/net/saved/saved_model.pb 30
model=(--saved_model_dir hurt/tf/net/saved_text -b 1)
hurt tf/net/saved_text/saved_model.pbtxt 20 text
model=(--input_model hurt/tf/functions/graph.pb --input_checkpoint hurt/tf/functions/model)
hurt tf/functions/graph.pb 30
model=(--input_model hurt/tf/functional/graph.pb)
hurt tf/functional/graph.pb 30
model=(--saved_model_dir hurt/tf/module/saved)
hurt tf/module/saved/saved_model.pb 30

# MXNet's. Each text may miss several things, too.
rm -rf whole
"$zooc" unpack "$root/zoo/digits_mxnet.tar.gz" -o whole >/dev/null || exit 1
shape=(--input_shape '[1,1,8,8]')
model=(--input_model hurt/digits_mxnet-0000.params "${shape[@]}")
hurt digits_mxnet-0000.params 60
hurt digits_mxnet-symbol.json 60 text
# The same arrays once more as the files of a training that goes on.
cp whole/digits_mxnet-0000.params whole/on_args.nd
model=(--input_symbol hurt/digits_mxnet-symbol.json --nd_prefix_name on
    --pretrained_model_name hurt/digits_mxnet --framework mxnet "${shape[@]}")
hurt on_args.nd 30

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
