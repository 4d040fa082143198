#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is built again and what is not, by really running ninja: nothing after nothing, nothing after a
# touch, one model after one byte or one option, and what was deleted.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/zoo.bash
source tests/zoo.bash

# expect NAME EXIT_CODE WANTED: builds, then compares the steps that did something ("MODEL VARIANT",
# one a line) with WANTED.
expect() {
    local name=$1 code=$2 wanted=$3 got status=0
    "$ZOOC" build zoo.yml -o out >build.log 2>&1 || status=$?
    got=$(steps_done out)
    check "$name" test "$status" = "$code" -a "$got" = "$wanted" || {
        echo "  exit code $status, steps:" "$got"
        tail -n 20 build.log
    }
}

# quiet NAME: builds and expects that not even ninja had to look closer.
quiet() {
    "$ZOOC" build zoo.yml -o out >build.log 2>&1
    check "$1" grep -q '^nothing to do: 3 models are up to date' build.log
}

tiny_net red 1
tiny_net green 2
tiny_net blue 3
tar -cJf red.tar.xz -C red .
tar -czf green.tar.gz -C green .
cp red.tar.xz first.tar.xz
cat >zoo.yml <<'END'
include: more.yml
models:
  - name: red
    archive: red.tar.xz
    model: [net.prototxt, net.caffemodel]
    data_type: [FP32, FP16]
  - name: green
    archive: green.tar.gz
    model: [net.prototxt, net.caffemodel]
    scale: 2
END
cat >more.yml <<'END'
models:
  - name: blue
    model: [blue/net.prototxt, blue/net.caffemodel]
    ir_version: [11, 4]
END

expect "a first build does everything" 0 "blue FP32
blue FP32-v4
green -
green FP32
red -
red FP16
red FP32"
check "all files are there" test -s out/red/FP32/red.xml -a -s out/red/FP16/red.bin -a \
    -s out/blue/FP32-v4/blue.xml -a -s out/green/FP32/green.mapping -a -s out/zoo.json
quiet "a second build does nothing"
cp -r out first
stat -c '%n %y' out/*/*/* > times.txt

touch red.tar.xz blue/net.caffemodel zoo.yml more.yml
expect "touching inputs and manifests builds nothing" 0 ""
quiet "after a touch, a later build has nothing to do"
check "no output was written again" test "$(stat -c '%n %y' out/*/*/*)" = "$(cat times.txt)"

flip_byte blue/net.caffemodel
expect "one byte of one input builds its model alone" 0 "blue FP32
blue FP32-v4"
check "the other weights were written" test "$(cmp out/blue/FP32/blue.bin first/blue/FP32/blue.bin 2>&1 | wc -l)" = 1
flip_byte blue/net.caffemodel
expect "the byte put back builds it again" 0 "blue FP32
blue FP32-v4"
check "the outputs are the first ones" diff -r out/blue first/blue

flip_byte red/net.caffemodel
tar -cJf red.tar.xz -C red .
expect "one byte inside an archive builds its model alone" 0 "red -
red FP16
red FP32"
flip_byte red/net.caffemodel
echo note >red/README
tar -cJf red.tar.xz -C red .
expect "an archive with the first weights and a new file" 0 "red -
red FP16
red FP32"
echo other >red/README
tar -cJf red.tar.xz -C red .
expect "a member that no step reads unpacks and converts nothing" 0 "red -"
check "the outputs are the first ones again" diff -r out/red first/red
cp first.tar.xz red.tar.xz
expect "the first archive again" 0 "red -"

sed -i 's/scale: 2/scale: 4/' zoo.yml
expect "one option builds its model alone" 0 "green FP32"
sed -i 's/scale: 4/scale: 2.0/' zoo.yml
expect "the option put back in another spelling builds it again" 0 "green FP32"
check "and gives the first output" diff -r out/green first/green
sed -i 's/scale: 2.0/scale: 2/' zoo.yml
expect "another spelling of the same value builds nothing" 0 ""
sed -i 's/^  - name: green/\n  # a remark\n  - name: green/' zoo.yml
expect "a remark in the manifest builds nothing" 0 ""

sed -i 's/ir_version: \[11, 4\]/ir_version: [11, 4]\n    batch: 3/' more.yml
expect "an option in an included manifest builds its model alone" 0 "blue FP32
blue FP32-v4"
sed -i '/batch: 3/d' more.yml
expect "the option taken away builds it again" 0 "blue FP32
blue FP32-v4"

rm out/green/FP32/green.xml
expect "a deleted output is made again" 0 "green FP32"
rm out/red/FP16/red.mapping
expect "a deleted .mapping is made again" 0 "red FP16"
rm out/.zooc/models/red/src/net.caffemodel
expect "a deleted source is unpacked again, and nothing is converted" 0 "red -"
flip_byte out/.zooc/models/red/src/net.caffemodel
printf '# changed\n' >>out/.zooc/models/green/src/net.prototxt
expect "a source that was changed after it was unpacked is not converted" 0 ""
check "what stands is right" diff -r out/red first/red
expect "it is unpacked again" 0 "green -
red -"
rm out/green/FP32/green.xml
: >out/.zooc/models/green/src/net.caffemodel
expect "nor is one that was cut" 1 ""
check "which is told" grep -q "^green: convert FP32: 'net.caffemodel' is no longer what was unpacked" build.log
expect "and all is right after that" 0 "green -
green FP32"
check "in every byte" diff -r out/green first/green
rm out/.zooc/models/blue/FP32.record
expect "a deleted record builds again" 0 "blue FP32"
echo damaged >out/.zooc/models/blue/FP32.record
touch blue/net.prototxt
expect "a damaged record is no record" 0 "blue FP32"
printf 'zooc record 1\n' >out/.zooc/models/blue/FP32.record
rm out/zoo.json
expect "one that is found when zoo.json is written fails the build" 1 ""
check "which tells" grep -q "the record of step FP32 of model 'blue' was damaged" build.log
expect "and is made again" 0 "blue FP32"
check "so that zoo.json is right" cmp -s out/zoo.json first/zoo.json
echo '<net/>' >out/green/FP32/green.xml
touch out/.zooc/models/green/src/net.prototxt
expect "an output that somebody changed is found when ninja has the step look" 0 "green FP32"
check "and is right again" diff -r out/green first/green
rm -rf out/.zooc
expect "without any record everything is built" 0 "blue FP32
blue FP32-v4
green -
green FP32
red -
red FP16
red FP32"
check "with the same result" diff -r -x .zooc -x build.ninja out first

rm out/zoo.json
expect "a deleted zoo.json builds no model" 0 ""
check "but is written" cmp -s out/zoo.json first/zoo.json
rm out/build.ninja
expect "a deleted build.ninja builds no model" 0 ""
quiet "and is quiet again"

cp "$ZOOC" zooc-copy
ZOOC=$PWD/zooc-copy
expect "another binary of the same build id builds nothing" 0 ""
quiet "and is quiet"

id=$("$ZOOC" version | sed 's/zooc //')
sed -i "s/$id/$(tr 0-9a-f 1-9a-f0 <<<"$id")/g" zooc-copy
expect "a compiler with another build id builds everything" 0 "blue FP32
blue FP32-v4
green -
green FP32
red -
red FP16
red FP32"
check "with the same outputs" diff -r out/red first/red

sed -i '/- name: green/,$d' zoo.yml
"$ZOOC" build zoo.yml -o out >build.log 2>&1
check "a model taken out of the manifest is no longer in zoo.json" \
    test "$(grep -c '"name": "green"' out/zoo.json)" = 0
check "ninja alone is quiet too" grep -q 'no work to do' <(ninja -C out -k 0)
touch zoo.yml
ninja -C out -k 0 >build.log 2>&1
check "ninja alone reads a touched manifest again" grep -q 'read manifests' build.log
check "once" grep -q 'no work to do' <(ninja -C out -k 0)

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
