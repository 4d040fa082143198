#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A zoo of ten thousand models: planning (and whether it grows in line with their number), a build of
# nothing, a build out of the cache, a build by conversion, and how much more cores bring; then one
# large model out of the cache.
#
#   scale.sh [MODELS]    default: 10000
set -eu
cd "$(dirname "$0")/../.."
make -j"$(nproc)" all tools >/dev/null
most=${1:-10000}
unset ZOOC
SCRATCH=$(realpath -m "${BUILD:-build}/bench-scale")
# shellcheck source=tests/zoo.bash
source tests/zoo.bash
zooc=$ZOOC remake=$build/tests/tools/remake archive=$root/tests/topologies/caffe/vgg16.tar.xz
trap 'rm -rf "$SCRATCH"' EXIT
tiny_net net 1

# manifest MODELS
manifest() {
    echo 'models:'
    seq -f '  - {name: model-%05.0f, model: [net/net.prototxt, net/net.caffemodel]}' "$1"
}
TIMEFORMAT='%R %U %S'
# timed COMMAND...: seconds passed, of the processor, in $passed_time and $processor
timed() {
    local line
    line=$({ time "$@" >log 2>&1; } 2>&1) || { tail -n 5 log && exit 1; }
    read -r passed_time user system <<<"$line"
    processor=$(awk -v u="$user" -v s="$system" 'BEGIN {printf "%.2f", u + s}')
}
row() { printf '%-44s %8s s %8s s\n' "$1" "$2" "$3"; }

printf '%-44s %10s %10s\n' '' passed processor
for count in $((most / 4)) $((most / 2)) "$most"; do
    manifest "$count" >zoo.yml
    rm -rf gen
    timed "$zooc" gen zoo.yml -o gen
    row "gen of $count models" "$passed_time" "$processor"
done
timed "$zooc" gen zoo.yml -o gen
row "gen when nothing has changed" "$passed_time" "$processor"

timed "$zooc" build zoo.yml -o out --cache_mode write
row "build by conversion, cache filled" "$passed_time" "$processor"
timed ninja -C out -n
ninja_time=$passed_time
row "ninja alone, nothing to do" "$passed_time" "$processor"
timed "$zooc" build zoo.yml -o out
row "build, nothing to do" "$passed_time" "$processor"
awk -v all="$passed_time" -v ninja="$ninja_time" 'BEGIN {printf "%-44s %8.2f s\n", "  without ninja", all - ninja}'
rm -rf out
timed "$zooc" build zoo.yml -o out --cache_mode read
row "build out of the cache" "$passed_time" "$processor"
rm -rf out

manifest $((most / 10)) >zoo.yml
# cores FOLDER WHERE: how much faster all cores are than one. On a disk its journal has a say in it.
cores() {
    rm -rf "$1"
    timed taskset -c 0 "$zooc" build zoo.yml -o "$1" -j 1
    one=$passed_time
    row "build of $((most / 10)) by conversion, $2, one core" "$passed_time" "$processor"
    rm -rf "$1"
    timed "$zooc" build zoo.yml -o "$1"
    row "the same, $(nproc) cores" "$passed_time" "$processor"
    awk -v one="$one" -v all="$passed_time" 'BEGIN {printf "%-44s %8.2f times\n", "  faster by", one / all}'
    rm -rf "$1"
}
cores out disk
memory=$(mktemp -d -p /dev/shm) && cores "$memory/out" memory
rm -rf "$memory"

# What is large is neither converted nor read.
"$remake" "$archive" vgg16
echo 'models: [{name: vgg16, model: [vgg16/vgg16.prototxt, vgg16/vgg16.caffemodel]}]' >zoo.yml
sleep 4 # a file that has just changed is read once more
timed "$zooc" build zoo.yml -o large --cache_mode write
row "VGG-16 by conversion, cache filled" "$passed_time" "$processor"
rm -rf large
timed "$zooc" build zoo.yml -o large --cache_mode read
row "VGG-16 out of the cache" "$passed_time" "$processor"
