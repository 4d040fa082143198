#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# manifests/tensorflow_slim.yml as a user would use it: every model of the guide's table is planned with
# its mean values and scale, and those whose files are there are built. In place of the archives stand
# small ones of our own, made of recipes: a checkpoint with its graph, a frozen graph.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/zoo.bash
source tests/zoo.bash

# ---- The table of the guide: name, archive, mean values, scale ----

cat >table.txt <<'END'
inception_v1 inception_v1_2016_08_28.tar.gz [127.5,127.5,127.5] 127.5
inception_v2 inception_v2_2016_08_28.tar.gz [127.5,127.5,127.5] 127.5
inception_v3 inception_v3_2016_08_28.tar.gz [127.5,127.5,127.5] 127.5
inception_v4 inception_v4_2016_09_09.tar.gz [127.5,127.5,127.5] 127.5
inception_resnet_v2 inception_resnet_v2_2016_08_30.tar.gz [127.5,127.5,127.5] 127.5
mobilenet_v1_0.25_128 mobilenet_v1_0.25_128.tgz [127.5,127.5,127.5] 127.5
mobilenet_v1_0.5_160 mobilenet_v1_0.5_160.tgz [127.5,127.5,127.5] 127.5
mobilenet_v1_1.0_224 mobilenet_v1_1.0_224.tgz [127.5,127.5,127.5] 127.5
nasnet_large nasnet-a_large_04_10_2017.tar.gz [127.5,127.5,127.5] 127.5
nasnet_mobile nasnet-a_mobile_04_10_2017.tar.gz [127.5,127.5,127.5] 127.5
resnet_v1_50 resnet_v1_50_2016_08_28.tar.gz [103.94,116.78,123.68] 1
resnet_v2_50 resnet_v2_50_2017_04_14.tar.gz [103.94,116.78,123.68] 1
resnet_v1_101 resnet_v1_101_2016_08_28.tar.gz [103.94,116.78,123.68] 1
resnet_v2_101 resnet_v2_101_2017_04_14.tar.gz [103.94,116.78,123.68] 1
resnet_v1_152 resnet_v1_152_2016_08_28.tar.gz [103.94,116.78,123.68] 1
resnet_v2_152 resnet_v2_152_2017_04_14.tar.gz [103.94,116.78,123.68] 1
vgg_16 vgg_16_2016_08_28.tar.gz [103.94,116.78,123.68] 1
vgg_19 vgg_19_2016_08_28.tar.gz [103.94,116.78,123.68] 1
END

check "the manifest is taken" "$ZOOC" gen "$root/manifests/tensorflow_slim.yml" -o plan
check "it has the table's models and no others" test "$(grep -c ': convert ' plan/build.ninja)" = "$(wc -l <table.txt)"
while read -r name archive mean scale; do
    sed -n "/^build $name\//,/^build /p; /^build .zooc\/models\/$name\/unpack.record/,/^build /p" plan/build.ninja >steps
    check "$name as in the table" grep -qF "tensorflow_slim/$archive" steps
    check "$name: mean and scale" grep -qF -e "--set scale $scale --set mean_values '$mean'" steps
done <table.txt

# ---- What is there is built, what is not fails alone ----

mkdir -p zoo/tensorflow_slim frozen checkpoint
"$build/tests/tools/remake" "$root/tests/topologies/tf/mobilenet_v1_0.25_128.tar.xz" frozen || exit 1
"$build/tests/tools/remake" "$root/tests/topologies/tf/form_ckpt_v1.tar.xz" checkpoint || exit 1
mv frozen/frozen.pb frozen/mobilenet_v1_0.25_128_frozen.pb
mv checkpoint/model.ckpt checkpoint/inception_v1.ckpt
tar -czf zoo/tensorflow_slim/mobilenet_v1_0.25_128.tgz -C frozen mobilenet_v1_0.25_128_frozen.pb
tar -czf zoo/tensorflow_slim/inception_v1_2016_08_28.tar.gz -C checkpoint inception_v1.ckpt
cp checkpoint/inference_graph.pb zoo/tensorflow_slim/inception_v1_inf_graph.pb
# The archives are ours, so the sums of the real ones go.
sed 's/, sha[0-9]*: [0-9a-f]*}/}/' "$root/manifests/tensorflow_slim.yml" >zoo/tensorflow_slim.yml

"$ZOOC" build zoo/tensorflow_slim.yml -o built >build.log 2>&1
check "two are built, the others fail" grep -q '^18 models: 2 built, .*, 16 failed' build.log || cat build.log

# same NAME OPTION...: what the build made is what the command line makes.
same() {
    local name=$1
    shift
    "$ZOOC" convert "$@" -b 1 --mean_values '[127.5,127.5,127.5]' --scale 127.5 -n "$name" -o direct --silent &&
        cmp "direct/$name.bin" "built/$name/FP32/$name.bin" && cmp "direct/$name.xml" "built/$name/FP32/$name.xml"
}
check "a frozen graph as by hand" same mobilenet_v1_0.25_128 --input_model frozen/mobilenet_v1_0.25_128_frozen.pb
check "a checkpoint as by hand" same inception_v1 --input_model checkpoint/inference_graph.pb \
    --input_checkpoint checkpoint/inception_v1.ckpt

"$ZOOC" build zoo/tensorflow_slim.yml -o built >again.log 2>&1
check "they stay as they are" grep -q '^18 models: 0 built, 0 from cache, 2 up to date, 16 failed' again.log || cat again.log

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
