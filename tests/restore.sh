#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the cache has is taken before ninja starts, and ninja believes it: it has nothing left to do,
# does again what changes later, and does itself what must not or cannot be taken.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/zoo.bash
source tests/zoo.bash
unset ZOOC_CACHE_MODE
export ZOOC_CACHE=$SCRATCH/cache

# build [OPTIONS...]: restored and run by ninja are in $restored and $ran.
build() {
    "$ZOOC" build zoo.yml -o out "$@" >build.log 2>&1
    status=$?
    restored=$(grep -c '^\[[0-9/]*\] restore ' build.log)
    ran=$(grep -c '^\[[0-9/]*\] \(convert\|unpack\|verify\) ' build.log)
}
# expect NAME RESTORED RAN [OPTIONS...]
expect() {
    local name=$1 wanted="$2 $3"
    shift 3
    build "$@"
    check "$name" test "$restored $ran $status" = "$wanted 0" || tail -n 15 build.log
}
ninja_is_content() { ninja -C out -n | grep -q 'no work to do'; }

tiny_net net 1
tiny_net "it's \$HOME; a net" 2
tar -cf red.tar -C net .
cat >zoo.yml <<END
models:
  - {name: red, archive: red.tar, model: [net.prototxt, net.caffemodel]}
  - {name: green, model: [net/net.prototxt, net/net.caffemodel], data_type: [FP32, FP16], ir_version: [11, 4]}
  - {name: blue, model: ["it's \$HOME; a net/net.prototxt", "it's \$HOME; a net/net.caffemodel"]}
END

expect "a cache that is empty gives nothing" 0 7
cp -r out first
rm -rf out
expect "a new folder takes what needs no archive, and the archive is unpacked" 5 2
check "what comes behind it is from the cache too" grep -q ' 0 built, 3 from cache' build.log
check "ninja has nothing left to do" ninja_is_content
check "the bytes are the same" diff -r -x .zooc -x build.ninja first out
check "the outputs are links" test "$(stat -c %h out/green/FP16-v4/green.bin)" -gt 1
check "each has its event" test "$(grep -c '"outcome":"cached"' out/.zooc/events.jsonl)" = 6
rm out/red/FP32/red.bin out/green/FP16/green.mapping out/blue/FP32/blue.xml
expect "outputs that are gone come back, unpacked models as well" 3 0
check "the bytes are the same then" diff -r -x .zooc -x build.ninja first out
expect "then there is nothing to do" 0 0

# ---- Changes ----
flip_byte net/net.caffemodel
expect "a changed file is seen by ninja" 0 4
flip_byte net/net.caffemodel
touch -d '-1 hour' net/net.caffemodel # older than the conversion: ninja asks the log, not the clock
rm out/green/FP32/green.xml
build
check "a change back is answered by the cache" grep -q ' 0 built, 1 from cache, 2 up to date' build.log
sed -i 's/data_type: .FP32, FP16., //' zoo.yml
expect "fewer variants" 0 0
sed -i 's/ir_version/scale: 2, ir_version/' zoo.yml
expect "another option is converted" 0 2
check "and reported" test "$(grep -c '"scale"' out/zoo.json)" -gt 0
sed -i 's/scale: 2, //' zoo.yml
expect "taken back it is restored" 2 0
check "and ninja believes that too" ninja_is_content
check "after it has made the report" test "$(grep -c '"scale"' out/zoo.json)" = 0
chmod u+w out/blue/FP32/blue.bin && flip_byte out/blue/FP32/blue.bin 4
rm out/blue/FP32/blue.xml
expect "a damaged object is not" 0 1
check "but made anew" diff -r first/blue out/blue

# ---- What is ninja's ----
mkdir -p bin
for version in 1.8.2 1.12.1 2.0 nonsense; do
    cat >bin/ninja <<END
#!/bin/sh
[ "\$1" = --version ] && echo $version && exit
exec $(command -v ninja) "\$@"
END
    chmod +x bin/ninja
    rm -rf out
    PATH=$SCRATCH/bin:$PATH build
    check "the log of ninja $version is left alone" test "$restored $ran" = "0 5"
    check "and its steps take from the cache" grep -q ' 0 built, 3 from cache' build.log
done
rm -rf out/.zooc/models out/blue
sed -i '1s/v5/v6/' out/.zooc/.ninja_log
build
check "so is one in another format" test "$restored" = 0
check "and all is well" diff -r first/blue out/blue
rm -rf out
printf 'exec %s "$@"\n' "$ZOOC" >program && chmod +x program
build --program "$PWD/program"
check "for another program nothing is taken" test "$restored $ran" = "0 5"

# ---- Interrupted ----
{ echo 'models:' && seq -f '  - {name: m%g, model: [net/net.prototxt, net/net.caffemodel]}' 200; } >zoo.yml
build
rm -rf out
"$ZOOC" build zoo.yml -o out -j 1 >build.log 2>&1 & # one worker: on a wide machine all would be done at once
builder=$!
until grep -q ' restore ' build.log || ! kill -0 $builder; do sleep 0.01; done
kill -9 $builder
wait $builder 2>>build.log
left=$((200 - $(find out -name '*.record' -path '*models*' | wc -l)))
check "some were left by the build that was killed" test "$left" -gt 0
build
check "after a kill the next build is whole" test "$status" = 0 -a "$(find out -name '*.xml' | wc -l)" = 200
check "and ninja content" ninja_is_content

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
