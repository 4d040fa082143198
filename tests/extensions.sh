#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Extensions (frontends/README.md): the example is loaded, serves Caffe and MXNet and both dialects, and
# whatever is no extension of this build is refused with a message.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$PWD
build=${BUILD:-build}
case $build in /*) ;; *) build=$root/$build ;; esac
scratch=${SCRATCH:-$(mktemp -d)}
zooc=${ZOOC:-$build/sanitize/zooc}
case $zooc in /*) ;; *) zooc=$root/$zooc ;; esac
passed=0 failed=0
cd "$scratch" || exit 1

# check WHAT COMMAND...
check() {
    local what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $what"
        head -n 5 errors
    fi
}

compile() { # SOURCE OBJECT: as the page says
    (cd "$root" && cc -std=c17 -D_GNU_SOURCE -shared -fPIC -I. -I"$build/gen" "$1" -o "$scratch/$2")
}

convert() { # CODE OPTION...
    local code=$1
    shift
    rm -rf out
    "$zooc" convert "$@" -o out -n net >log 2>errors
    [ $? -eq "$code" ]
}

refuses() { # OBJECT WORDS: the message
    rm -rf one && mkdir one && cp "$1" one/
    convert 1 net.prototxt --extensions one && grep -q "cannot load extension 'one/.*$2" errors
}

cat >net.prototxt <<'PROTO'
input: "data" input_shape { dim: 1 dim: 2 }
layer { name: "half" type: "HalfReLU" bottom: "data" top: "half" }
PROTO
cat >net-symbol.json <<'JSON'
{"nodes": [
  {"op": "null", "name": "data", "inputs": []},
  {"op": "Custom", "name": "half", "inputs": [[0, 0, 0]], "attrs": {"op_type": "half_relu", "slope": "0.25"}}]}
JSON
printf '\x12\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' >net-0000.params
mxnet=(net-0000.params --input_shape '[1,2]')

mkdir mine other none
check "the example compiles" compile tests/extensions/half_relu.c mine/half_relu.so
check "Caffe without it" convert 1 net.prototxt
check "Caffe" convert 0 net.prototxt --extensions mine
check "Caffe's meaning" grep -q 'type="PReLU"' out/net.xml
check "MXNet without it" convert 1 "${mxnet[@]}"
check "MXNet, classic IR, among folders" convert 0 "${mxnet[@]}" --ir_version 4 --extensions none,mine
check "an empty folder is a warning" grep -q "there is no extension in 'none'" errors
check "MXNet's meaning" grep -q 'negative_slope="0.25"' out/net.xml

cp mine/half_relu.so other/
check "a type twice" convert 1 net.prototxt --extensions mine,other
check "a type twice, why" grep -q "'half_relu' is imported by two extensions" errors

id=$("$zooc" version | cut -d' ' -f2)
sed "s/$id/$(tr 'a-f0-9' 'b-f0-9a' <<<"$id")/" mine/half_relu.so >stale.so
check "another build's" refuses stale.so "built for another zooc"
head -c 2000 mine/half_relu.so >cut.so
check "half a file" refuses cut.so "no whole shared object"
echo 'int zooc_nothing;' >nothing.c
cc -shared -fPIC nothing.c -o nothing.so
check "another shared object" refuses nothing.so "no zooc_extension"
sed 's/"mxnet"/"quux"/; s/^#include "build_id.h"/#include "build_id.h"/' "$root/tests/extensions/half_relu.c" >strange.c
check "a framework without a door compiles" compile "$scratch/strange.c" strange.so
check "a framework without a door" refuses strange.so "layers of 'quux'"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
