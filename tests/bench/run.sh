#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Time and memory of conversions, side by side in one run: zooc, cp of the same bytes, and the Model
# Optimizer of 2023 where `make setup-bench` has installed it. Medians; memory is the peak of anonymous
# memory (RssAnon), for mapped files cost nothing that the kernel could not take back.
#
#   run.sh [CASE...]    CASE is one of tests/topologies, default: those below
#
# Fails when a conversion takes more than 200 MB of anonymous memory, SSD300's more than twice the time
# of cp, or those of NasNet Large and Inception-ResNet v2 more than three times; `make topologies` holds
# every case to the 200 MB.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
cases=("$@")
[ $# -gt 0 ] || cases=(caffe/squeezenet1.1 caffe/resnet50 caffe/ssd300_vgg16 mxnet/ssd_resnet50_512 caffe/vgg16
    tf/inception_resnet_v2 tf/nasnet_large tf/vgg_16)
unset MAKEFLAGS MFLAGS MAKELEVEL # of the make that called us
make -j"$(nproc)" all tools >/dev/null
measure=$build/tests/tools/measure
peer=$build/venv-bench/bin/mo
scratch=$build/bench
rm -rf "$scratch"
mkdir -p "$scratch"
trap 'rm -rf "$scratch"' EXIT

# value OF "SECONDS MEGABYTES": first or second word, or - when there is none.
value() { awk -v n="$2" 'NF >= n {print $n; found = 1} END {if (!found) print "-"}' <<<"$1"; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {if (a == "-" || b == "-") print "-"; else printf "%.2f\n", a / b}'; }

# limit NAME WHAT VALUE MOST: counts a breach.
broken=0
limit() {
    awk -v a="$3" -v b="$4" 'BEGIN {exit !(a > b)}' || return 0
    echo "FAILED  $1: $2 is $3, more than $4"
    broken=$((broken + 1))
}

# options FOLDER: the case's options, one a line, as tests/topologies gives them to a converter.
options() { "$build/tests/tools/remake" --options "$1" "$2"; }

printf '%-24s %7s  %8s %7s  %8s %8s  %8s %8s %8s\n' '' model zooc memory cp zooc:cp mo2023 memory mo:zooc
printf '%-24s %7s  %8s %7s  %8s %8s  %8s %8s %8s\n' '' MB s MB s '' s MB ''
for name in "${cases[@]}"; do
    archive=tests/topologies/$name.tar.xz
    folder=$scratch/$(basename "$name")
    "$build/tests/tools/remake" "$archive" "$folder"
    mapfile -t words < <(options "$archive" "$folder")
    model=${words[1]}
    runs=5
    sync
    zooc=$("$measure" $runs "$build/zooc" convert "${words[@]}" --output_dir "$folder/ours" --silent)
    rm -rf "$folder/ours"
    copy=$("$measure" $runs cp "$model" "$folder/copy")
    rm -f "$folder/copy"
    mo=
    # It reads TensorFlow's files with TensorFlow alone, which setup-bench does not bring.
    if [ -x "$peer" ] && [[ $name != tf/* ]]; then
        mo=$("$measure" 1 "$peer" "${words[@]}" --output_dir "$folder/theirs" --compress_to_fp16=False)
        rm -rf "$folder/theirs"
    fi
    printf '%-24s %7.1f  %8s %7s  %8s %8s  %8s %8s %8s\n' "$name" \
        "$(stat -c %s "$model" | awk '{print $1 / 1e6}')" \
        "$(value "$zooc" 1)" "$(value "$zooc" 2)" "$(value "$copy" 1)" \
        "$(ratio "$(value "$zooc" 1)" "$(value "$copy" 1)")" "$(value "$mo" 1)" "$(value "$mo" 2)" \
        "$(ratio "$(value "$mo" 1)" "$(value "$zooc" 1)")"
    limit "$name" "MB of anonymous memory" "$(value "$zooc" 2)" 200
    case $name in
    caffe/ssd300_vgg16) most=2 ;;
    tf/inception_resnet_v2 | tf/nasnet_large) most=3 ;;
    *) most=inf ;;
    esac
    limit "$name" "time over that of cp" "$(ratio "$(value "$zooc" 1)" "$(value "$copy" 1)")" "$most"
    rm -rf "$folder"
done
[ -x "$peer" ] || echo "mo2023: not installed (make setup-bench)"
[ "$broken" -eq 0 ]
