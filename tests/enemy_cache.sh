#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The enemy of tests/enemy.sh walks through the cache: fetching, unpacking and replacing, exporting,
# importing. Each time another allocation, write or read fails. However it ends, it must not crash, nothing
# wrong may be in the cache, and a success must be one.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/zoo.bash
source tests/zoo.bash
zooc=${ZOOC_FAST:-$build/zooc} enemy=$build/tests/preload/enemy.so scratch=$SCRATCH
most=${ENEMY_RUNS:-60} # of one kind; beyond that, evenly spaced ones
unset ZOOC_OFFLINE http_proxy https_proxy all_proxy
export ZOOC_CACHE=$scratch/cache

tiny_net files 1
head -c 200000 /dev/urandom >files/big
(cd files && tar -czf net.tar.gz net.caffemodel)
python3 "$root/tests/tools/server.py" files port log 2>/dev/null &
server=$!
trap 'kill $server 2>/dev/null' EXIT
until [ -s port ]; do sleep 0.05; done
web=http://127.0.0.1:$(cat port)
sum() { sha256sum "files/$1" | cut -d' ' -f1; }
cat >zoo.yml <<END
models:
  - name: m
    sources:
      - {url: "$web/file/big", sha256: $(sum big)}
      - {url: "file:$scratch/files/net.prototxt", sha384: $(sha384sum files/net.prototxt | cut -d' ' -f1)}
      - {url: "$web/file/net.tar.gz", sha256: $(sum net.tar.gz)}
    prepare:
      - {unpack: net.tar.gz}
      - {replace: net.prototxt, pattern: tiny, with: '\g<0>-changed'}
    model: [net.prototxt, net.caffemodel]
END
"$zooc" fetch zoo.yml >/dev/null || exit 1
"$zooc" cache export zoo.yml -o good.tar.zst >/dev/null || exit 1
"$zooc" gen zoo.yml -o out >/dev/null || exit 1
step=$(sed -n 's/^ *step = //p' out/build.ninja | head -n 1)
step=${step//\$:/:} # as ninja takes it apart
chmod -R u+w cache && mv cache full

clean() { chmod -R u+w cache 2>/dev/null; rm -rf cache exported.tar.zst out/.zooc/models; }
with_cache() { clean && cp -a full cache; }
has_all() { diff <(cd cache && find objects -type f | sort) <(cd full && find objects -type f | sort); }
exported() { cmp -s exported.tar.zst good.tar.zst; }
absent() { [ ! -e exported.tar.zst ]; }
prepared() {
    grep -q tiny-changed out/.zooc/models/m/src/net.prototxt && cmp -s files/net.caffemodel out/.zooc/models/m/src/net.caffemodel
}
# What failed after all was done, while it was told, is done.
whole_or_none() { [ ! -e out/.zooc/models/m/unpack.record ] || prepared; }
unpack() { (cd out && eval "'$zooc' step unpack --build_id x --model m $step"); }

complain() {
    failed=$((failed + 1))
    echo "FAILED  $1"
    tail -n 5 out.log | sed 's/^/    /'
}

# judge NAME CODE ALLOWED_CODES GOOD BAD: commands that hold after a success and after a failure.
judge() {
    local name=$1 code=$2 allowed=$3
    if [[ " $allowed " != *" $code "* ]]; then
        complain "$name: exit code $code"
    elif [ "$code" -eq 0 ] && ! $4; then
        complain "$name: success, but it is none"
    elif [ "$code" -ne 0 ] && ! $5; then
        complain "$name: left something"
    elif [ -e cache ] && ! "$zooc" cache verify >out.log 2>&1; then
        complain "$name: the cache is damaged"
    else
        passed=$((passed + 1))
    fi
}

# against KIND:N COMMAND...
against() {
    (
        export ENEMY=$1 ENEMY_COUNT=$scratch/count LD_PRELOAD=$enemy
        shift
        "$@"
    )
}

# walk KIND ALLOWED_CODES BEFORE GOOD BAD COMMAND...
walk() {
    local kind=$1 allowed=$2 before=$3 good=$4 bad=$5 count step_size number code
    shift 5
    $before
    against "$kind:0" "$@" >out.log 2>&1
    count=$(cat count)
    step_size=$(((count + most - 1) / most))
    [ "$step_size" -gt 0 ] || step_size=1
    for ((number = 1; number <= count; number += step_size)); do
        $before
        code=0
        against "$kind:$number" "$@" >out.log 2>&1 </dev/null || code=$?
        judge "$kind $number of $count ($*)" "$code" "$allowed" "$good" "$bad"
    done
    echo "$kind: $count calls, every ${step_size}th failed once ($*)"
}

for kind in memory write read; do
    allowed="1 70 0"
    walk $kind "$allowed" clean has_all true "$zooc" fetch zoo.yml --retry_pause 1 --retries 1
    walk $kind "$allowed" with_cache exported absent "$zooc" cache export zoo.yml -o exported.tar.zst
    walk $kind "$allowed" clean has_all true "$zooc" cache import good.tar.zst
    walk $kind "$allowed" with_cache prepared whole_or_none unpack
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
