#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Files that a conversion reads though no manifest names them: what lies beside others, shards of a
# checkpoint, the inside of a folder. A change of one builds the model again, so does one that comes or
# goes, whether zooc or ninja alone is called; and nothing else does.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/zoo.bash
source tests/zoo.bash

mkdir source
tar -xJf "$root/tests/cases/tf_files/models.tar.xz" -C source net
mv source/net tf
tar -cf saved.tar -C tf saved
tiny_net caffe 1
"$ZOOC" unpack "$root/zoo/digits_mxnet.tar.gz" -o mxnet >/dev/null
cp mxnet/digits_mxnet-0000.params mxnet/on_args.nd
# entry NAME KEY...: a model of TensorFlow.
entry() { echo "  - {name: $1, framework: tf, batch: 1, $2}"; }
{
    echo 'models:'
    echo '  - {name: caffe, model: caffe/net.caffemodel}'
    shape='input_shape: [1, 1, 8, 8]'
    echo "  - {name: mxnet, model: mxnet/digits_mxnet-0000.params, $shape}"
    echo "  - {name: training, framework: mxnet, input_symbol: mxnet/digits_mxnet-symbol.json,"
    echo "     nd_prefix_name: on, pretrained_model_name: mxnet/digits_mxnet, $shape}"
    entry meta 'model: tf/meta/net.ckpt-7.meta'
    entry meta-by-model 'input_model: tf/meta/net.ckpt-7.meta'
    entry meta-by-index 'input_meta_graph: tf/meta/net.ckpt-7.index'
    entry checkpoint 'input_model: tf/parts/graph.pb, input_checkpoint: tf/parts/v2.index'
    entry folder 'saved_model_dir: tf/saved'
    entry folder-by-model 'input_model: tf/saved'
    entry folder-by-file 'model: tf/saved/saved_model.pb'
    entry text 'model: tf/saved_text/saved_model.pbtxt'
    entry archive 'archive: saved.tar, model: saved/saved_model.pb'
} >zoo.yml

# built COMMAND...: the models that it built again, in order.
built() { "$@" >build.log 2>&1; steps_done out | cut -d' ' -f1 | sort -u | tr '\n' ' '; }
by_zooc() { "$ZOOC" build zoo.yml -o out; }
by_ninja() { : >out/.zooc/events.jsonl && ZOOC_EVENTS=$PWD/out/.zooc/events.jsonl ninja -C out -k 0; }
# again NAME MODELS: builds, and then has nothing to do.
again() {
    local got
    got=$(built "$by")
    check "$1" test "$got" = "$2" || { echo "  built: $got" && tail -n 5 build.log; }
    got=$(built "$by")
    check "$1: once" test "$got" = "" -a "$(grep -cE 'nothing to do|no work to do' build.log)" = 1
}

by=by_zooc
"$ZOOC" build zoo.yml -o out >build.log 2>&1
check "all forms are built" grep -q '^12 models: 12 built' build.log || tail -n 20 build.log
again "nothing has changed" ""

# changed FILE MODELS: a byte more of it, and back.
changed() {
    cp "$1" kept
    printf '\n' >>"$1"
    again "$1 has changed" "$2"
    cp kept "$1"
    again "$1 is back" "$2"
}
changed caffe/net.prototxt "caffe "
changed mxnet/digits_mxnet-symbol.json "mxnet training "
changed mxnet/on_args.nd "training "
changed tf/meta/net.ckpt-7.data-00000-of-00001 "meta meta-by-index meta-by-model "
changed tf/parts/v2.data-00000-of-00001 "checkpoint "
changed tf/saved/variables/variables.data-00000-of-00001 "folder folder-by-file folder-by-model "
changed tf/saved_text/variables/variables.data-00000-of-00001 "text "

for by in by_zooc by_ninja; do
    cp -p tf/parts/v2.index tf/parts/v2.of-old # older than all that is built
    again "$by: a shard that comes" "checkpoint "
    printf x >>tf/parts/v2.of-old
    again "$by: and changes" "checkpoint "
    rm tf/parts/v2.of-old
    again "$by: and goes" "checkpoint "
    mkdir -p tf/saved/assets/deep
    echo word >tf/saved/assets/deep/vocabulary
    again "$by: a file that comes into a folder" "folder folder-by-model "
    echo words >tf/saved/assets/deep/vocabulary
    again "$by: and changes" "folder folder-by-model "
    rm -r tf/saved/assets
    again "$by: and goes" "folder folder-by-model "
done

# What is read decides what is taken from the cache.
export ZOOC_CACHE_MODE=write
rm -rf out
"$ZOOC" build zoo.yml -o out >build.log 2>&1
for change in 's/num_output: 2/num_output: 2 bias_term: true/ caffe/net.prototxt' 's/"name"/"name" / mxnet/digits_mxnet-symbol.json'; do
    sed -i "${change% *}" "${change##* }"
done
printf '\n' >>tf/saved_text/variables/variables.data-00000-of-00001
rm -rf out
"$ZOOC" build zoo.yml -o out >build.log 2>&1
check "the cache does not answer for a file that has changed" \
    test "$(steps_done out | grep -v ' -$' | cut -d' ' -f1 | tr '\n' ' ')" = "caffe mxnet text training "

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
