#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The same model and options give the same bytes: in other folders, locales, time zones and umasks, with
# a heap full of rubbish, built by gcc, by clang and with sanitizers, and in a batch of any width.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$PWD
build=${BUILD:-build}
scratch=${SCRATCH:-$(mktemp -d)}
absolute() { case $1 in /*) echo "$1" ;; *) echo "$root/$1" ;; esac; }
fast=$(absolute "${ZOOC_FAST:-$build/zooc}")
clang=$(absolute "${ZOOC_CLANG:-$build/clang/zooc}")
sanitized=$(absolute "${ZOOC:-$build/sanitize/zooc}")
passed=0 failed=0

check() {
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $name"
    fi
}

# alike LISTING FOLDER FOLDER: whether the listing of both folders is the same.
alike() {
    local difference
    difference=$(diff <("$1" "$2") <("$1" "$3"))
    [ -z "$difference" ] || { head -n 4 <<<"$difference"; return 1; }
}
hashes() { (cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum); }
same() { alike hashes "$1" "$2"; }

outputs=(--data_type 'FP32,FP16' --ir_version '11,10,4,2' --silent --log_level ERROR)
preprocess() { # of a model, from the manifest: mean, scale, channel order, and a shape its file does not say
    case $1 in
    digits_mxnet) echo --scale 16 --input_shape '[1,1,8,8]' ;;
    digits_color) echo --mean_values '[60,90,110]' --scale_values '[50,60,70]' --reverse_input_channels ;;
    digits_mobilenet) echo --mean_values '[4.9]' --scale_values '[16]' ;;
    *) echo --scale 16 ;;
    esac
}

for archive in zoo/*.*; do
    name=$(basename "$archive")
    name=${name%%.*}
    [ "$name" = README ] && continue
    models=$scratch/models/$name
    mkdir -p "$models" "$scratch/a b/ü"
    "$fast" unpack "$archive" -o "$models" >/dev/null || continue
    model=$(basename "$(find "$models" -name '*.caffemodel' -o -name '*.params')")
    read -ra options < <(preprocess "$name")
    options+=("${outputs[@]}")

    (cd "$models" && "$fast" convert "$model" -o "$scratch/here/$name" "${options[@]}")
    check "$name: is converted" test "$(find "$scratch/here/$name" -name '*.xml' | wc -l)" -eq 8

    (cd "$models" && "$fast" convert "$model" -o "$scratch/again/$name" "${options[@]}")
    check "$name: twice" same "$scratch/here/$name" "$scratch/again/$name"

    cp -r "$models" "$scratch/a b/ü/$name"
    (
        cd / && umask 0077
        env -i LANG=de_DE.UTF-8 LC_ALL=de_DE.UTF-8 TZ=Asia/Kolkata HOME=/nowhere MALLOC_PERTURB_=165 \
            "$fast" convert "$scratch/a b/ü/$name/$model" -o "$scratch/there/$name" "${options[@]}"
    )
    check "$name: elsewhere, in another locale" same "$scratch/here/$name" "$scratch/there/$name"

    (cd "$models" && "$clang" convert "$model" -o "$scratch/clang/$name" "${options[@]}")
    check "$name: built by clang" same "$scratch/here/$name" "$scratch/clang/$name"

    (cd "$models" && "$sanitized" convert "$model" -o "$scratch/sanitized/$name" --check "${options[@]}")
    check "$name: with sanitizers, each pass checked" same "$scratch/here/$name" "$scratch/sanitized/$name"

    # One target alone, and one of many, are the same.
    for target in 11:FP32:FP32 11:FP16:FP16 4:FP32:FP32-v4 2:FP16:FP16-v2; do
        IFS=: read -r version type folder <<<"$target"
        read -ra options < <(preprocess "$name")
        (cd "$models" && "$fast" convert "$model" -o "$scratch/alone/$name/$folder" "${options[@]}" \
            --ir_version "$version" --data_type "$type" --silent --log_level ERROR)
        check "$name: $folder alone" same "$scratch/here/$name/$folder" "$scratch/alone/$name/$folder"
    done
    rm -rf "$scratch"/{again,there,clang,sanitized,alone}
done

# The whole zoo: the width, the folder, the user and the time of day make no difference, nor the cache.
check "the zoo is the same three times" env SCRATCH="$scratch" ci/reproduce "$fast" "$clang"

# No name of this machine is in any output or in the program itself.
holds_no() { ! grep -rlF -e "$1" "$2"; }
check "no folder in an output" holds_no "$scratch" "$scratch/here"
check "no folder in zoo.json" holds_no "$scratch" "$scratch/reproduce/one/zoo.json"
# (A name that is no more than /src may stand there for another reason.)
check "no folder in the program" holds_no "$root/compiler" "$fast"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
