#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every form in which TensorFlow keeps a model gives the same IR, byte for byte, and numbers that
# TensorFlow computed; what is no model, or lacks a part, is refused with its message. The models are
# those of tests/cases/tf_files/make.py.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/zoo.bash
source tests/zoo.bash
tar -xJf "$root/tests/cases/tf_files/models.tar.xz" || exit 1

# convert NAME OPTION...: both IR families, both types, into ir/NAME.
convert() {
    local name=$1
    shift
    "$ZOOC" convert "$@" -o "ir/$name" -n net --ir_version "${versions:-11,4}" --data_type FP32,FP16 \
        --log_level WARNING >"$name.log" 2>&1
}

numbers_agree() {
    "$ZOOC" verify --model "ir/$1/FP32/net.xml" --input "$2/input.npz" --golden "$2/golden.npz" \
        --tolerance 1e-4 >"$1.verify" 2>&1 || { cat "$1.verify"; return 1; }
}

# reference NAME FOLDER OPTION...: converts, and compares with what TensorFlow computed.
reference() {
    local name=$1 folder=$2
    shift 2
    check "$name converts" convert "$name" "$@" || { cat "$name.log"; return; }
    check "$name computes what TensorFlow does" numbers_agree "$name" "$folder"
}

# same NAME REFERENCE OPTION...
same() {
    local name=$1 as=$2
    shift 2
    check "$name converts" convert "$name" "$@" || { cat "$name.log"; return; }
    check "$name is as $as" diff -r "ir/$as" "ir/$name"
}

# refused NAME TEXT OPTION...: ends with 1, one message that holds TEXT, and no file.
refused() {
    local name=$1 text=$2 status=0
    shift 2
    convert "$name" "$@" || status=$?
    check "$name is refused" test "$status" = 1 -a ! -e "ir/$name" -a \
        "$(grep -c '^\[ ERROR \]' "$name.log")" = 1 && check "$name says why" grep -qF "$text" "$name.log"
}

# warned NAME TEXT: of a conversion that went well.
warned() {
    check "$1 warns" grep -qF "$2" "$1.log"
}

# ---- one network ----
net=(-b 1 --output output)
reference frozen net --input_model net/frozen.pb "${net[@]}"
same frozen_text frozen --input_model net/frozen.pbtxt "${net[@]}"
cp net/frozen.pbtxt net/frozen.text
same frozen_is_text frozen --framework tf --input_model net/frozen.text --input_model_is_text "${net[@]}"
same v1 frozen --input_model net/graph.pb --input_checkpoint net/v1/model.ckpt "${net[@]}"
same v2 frozen --input_model net/graph.pb --input_checkpoint net/v2/model.ckpt "${net[@]}"
same v2_index frozen --input_model net/graph.pb --input_checkpoint net/v2/model.ckpt.index "${net[@]}"
same v2_data frozen --input_model net/graph.pb \
    --input_checkpoint net/v2/model.ckpt.data-00000-of-00001 "${net[@]}"
same text_v2 frozen --input_model net/graph.pbtxt --input_checkpoint net/v2/model.ckpt "${net[@]}"
same text_v1 frozen --input_model net/graph.pbtxt --input_model_is_text \
    --input_checkpoint net/v1/model.ckpt "${net[@]}"
same v1_sharded frozen --input_model net/graph.pb --input_checkpoint net/sharded/v1 "${net[@]}"
same v2_sharded frozen --input_model net/graph.pb --input_checkpoint net/sharded/v2 "${net[@]}"
same v1_parts frozen --input_model net/parts/graph.pb --input_checkpoint net/parts/v1 "${net[@]}"
same v2_parts frozen --input_model net/parts/graph.pb --input_checkpoint net/parts/v2 "${net[@]}"
# Parts restored from a whole, and a whole from parts.
same parts_of_whole frozen --input_model net/parts/graph.pb \
    --input_checkpoint net/v2/model.ckpt "${net[@]}"
same whole_of_parts frozen --input_model net/graph.pb --input_checkpoint net/parts/v1 "${net[@]}"
same resource frozen --input_model net/resource/graph.pb \
    --input_checkpoint net/resource/model "${net[@]}"
same objects frozen --input_model net/resource/graph.pb \
    --input_checkpoint net/objects/model-1 "${net[@]}"
same state frozen --input_model net/resource/graph.pb \
    --input_checkpoint net/objects/checkpoint "${net[@]}"
same state_folder frozen --input_model net/resource/graph.pb --input_checkpoint net/objects "${net[@]}"
same folder_of_v2 frozen --input_model net/graph.pb --input_checkpoint net/v2/ "${net[@]}"
same folder_of_several frozen --input_model net/graph.pb --input_checkpoint net/several "${net[@]}"
same meta frozen --input_meta_graph net/meta/net.ckpt-7.meta "${net[@]}"
same meta_index frozen --input_meta_graph net/meta/net.ckpt-7.index "${net[@]}"
same meta_model frozen --input_model net/meta/net.ckpt-7.meta "${net[@]}"
same meta_text frozen --input_meta_graph net/meta/net_text.ckpt-7.meta --input_model_is_text "${net[@]}"
same meta_checkpoint frozen --input_meta_graph net/meta/net.ckpt-7.meta \
    --input_checkpoint net/v1/model.ckpt "${net[@]}"
same trained frozen --input_meta_graph net/trained/model.meta "${net[@]}" # names of the saver's own
same averages frozen --input_meta_graph net/averages/model.meta "${net[@]}" # its own saver counts
same saved frozen --saved_model_dir net/saved --saved_model_tags serve "${net[@]}"
same saved_text frozen --saved_model_dir net/saved_text/ --saved_model_tags gpu,serve "${net[@]}"
same saved_serve frozen --saved_model_dir net/saved "${net[@]}"
same saved_model frozen --input_model net/saved_text "${net[@]}"

same frozen_and_checkpoint frozen --input_model net/frozen.pb --input_checkpoint net/v1/model.ckpt "${net[@]}"
warned frozen_and_checkpoint "option 'input_checkpoint' has no effect: the graph has no variables"
same saved_file frozen --input_model net/saved/saved_model.pb "${net[@]}"
same saved_text_file frozen --input_model net/saved_text/saved_model.pbtxt "${net[@]}"

# The signature says where a SavedModel ends. The graph tagged `train` is another one.
reference frozen_alone net --input_model net/frozen.pb -b 1
same saved_alone frozen_alone --saved_model_dir net/saved -b 1
check "the training graph converts" convert twice --saved_model_dir net/saved --saved_model_tags train \
    -b 1 --output twice
check "the training graph is another" grep -q twice ir/twice/FP32/net.xml

# ---- others ----
versions=11 reference functions functions --input_model functions/graph.pb --input_checkpoint functions/model
reference lengths lengths --input_model lengths/frozen.pb --output y
same lengths_graph lengths --input_model lengths/graph.pb --input_checkpoint lengths/model --output y
reference initial initial --input_model initial/graph.pb
reference types types --input_model types/graph.pb --input_checkpoint types/v1
same types_v2 types --input_model types/graph.pb --input_checkpoint types/v2
versions=11 reference functional functional --input_model functional/graph.pb
reference module module --saved_model_dir module/saved
reference fed fed --saved_model_dir fed/saved -b 1
convert initial_elsewhere --input_model initial/graph.pb --input_checkpoint net/v2/model.ckpt
warned initial_elsewhere "variable 'state' is not in checkpoint 'net/v2/model.ckpt'"

# ---- what is no model, or not whole ----
refused random "variable 'w' has no value: no checkpoint is given, and it begins with random numbers" \
    --input_model random/graph.pb
refused other_checkpoint "variable 'w' has no value: the checkpoint does not have it" \
    --input_model random/graph.pb --input_checkpoint net/v1/model.ckpt
refused no_checkpoint "there is neither 'nothing.index' nor 'nothing'" \
    --input_model net/graph.pb --input_checkpoint net/nothing "${net[@]}"
refused tags "there are 'train', 'serve' and 'serve,gpu'" --saved_model_dir net/saved --saved_model_tags gpu
refused checkpoint_as_model "it is a checkpoint, which belongs to --input_checkpoint" \
    --input_model net/v1/model.ckpt
refused text_as_binary "it is text" --framework tf --input_model net/frozen.text
printf 'node {}' >empty.pbtxt
refused no_name "a node has no name or no operator" --input_model empty.pbtxt
mkdir bare && cp net/meta/net.ckpt-7.meta bare/
refused empty_folder "the folder holds none" --input_model net/graph.pb --input_checkpoint bare "${net[@]}"
mkdir two && cp net/v2/model.ckpt.index two/a.index && cp two/a.index two/b.index
refused two_in_folder "the folder holds several" --input_model net/graph.pb --input_checkpoint two "${net[@]}"
refused bare_meta "there is neither 'net.ckpt-7.index' nor 'net.ckpt-7'" \
    --input_meta_graph bare/net.ckpt-7.meta "${net[@]}"
printf '' >bare/checkpoint
refused empty_state "is empty" --input_model net/graph.pb --input_checkpoint bare "${net[@]}"
printf 'all_model_checkpoint_paths: "x"' >bare/checkpoint
refused nameless_state "it names no checkpoint" --input_model net/graph.pb --input_checkpoint bare "${net[@]}"
cp net/v2/* bare/ && mv bare/model.ckpt.data-00000-of-00001 bare/elsewhere
refused no_data "cannot open 'bare/model.ckpt.data-00000-of-00001'" --input_model net/graph.pb \
    --input_checkpoint bare/model.ckpt "${net[@]}"
mv bare/elsewhere bare/model.ckpt.data-00000-of-00001
flip_byte bare/model.ckpt.data-00000-of-00001 100
refused flipped_data "does not have the sum that was written with it" --input_model net/graph.pb \
    --input_checkpoint bare/model.ckpt "${net[@]}"
cp net/v2/model.ckpt.index bare/ && flip_byte bare/model.ckpt.index 30
refused flipped_index "a block does not have the sum that was written with it" \
    --input_model net/graph.pb --input_checkpoint bare/model.ckpt "${net[@]}"

# ---- functions that cannot be inlined ----
# library NAME BODY...: f is called once.
call() {
    cat >"$1.pbtxt" <<END
node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }
       attr { key: "shape" value { shape { dim { size: 2 } } } } }
node { name: "call" op: "PartitionedCall" input: "x"
       attr { key: "f" value { func { name: "f" } } } }
library { $2 }
END
}
f='function { signature { name: "f" input_arg { name: "a" type: DT_FLOAT } output_arg { name: "r" type: DT_FLOAT } }
  ret { key: "r" value: "n:output:0" }'
call missing ''
refused missing "cannot inline the call: the file has no function 'f'" --input_model missing.pbtxt
call recursive "$f node_def { name: \"n\" op: \"f\" input: \"a\" } }"
refused recursive "cannot inline the call: function 'f' calls itself" --input_model recursive.pbtxt
call no_end "$f node_def { name: \"n\" op: \"PartitionedCall\" input: \"a\"
    attr { key: \"f\" value { func { name: \"f\" } } } } }"
refused no_end "cannot inline the call: function 'f' calls itself" --input_model no_end.pbtxt
# Twice as many nodes a level: 2^40 in the end.
laughs=''
for ((i = 0; i < 40; i++)); do
    laughs+="function { signature { name: \"g$i\" input_arg { name: \"a\" type: DT_FLOAT }
      output_arg { name: \"r\" type: DT_FLOAT } }
      node_def { name: \"p\" op: \"g$((i + 1))\" input: \"a\" }
      node_def { name: \"n\" op: \"g$((i + 1))\" input: \"p:r:0\" } ret { key: \"r\" value: \"n:r:0\" } } "
done
call laughs "$f node_def { name: \"n\" op: \"g0\" input: \"a\" } } $laughs"
refused laughs "with all functions inlined" --input_model laughs.pbtxt

# Names that grow with each level.
long=$(printf 'n%.0s' {1..9000})
laughs=''
for ((i = 0; i < 60; i++)); do
    laughs+="function { signature { name: \"g$i\" input_arg { name: \"a\" type: DT_FLOAT }
      output_arg { name: \"r\" type: DT_FLOAT } } node_def { name: \"$long\" op: \"g$((i + 1))\" input: \"a\" }
      node_def { name: \"q\" op: \"g$((i + 1))\" input: \"$long:r:0\" } ret { key: \"r\" value: \"q:r:0\" } } "
done
call long_names "$f node_def { name: \"n\" op: \"g0\" input: \"a\" } } $laughs"
refused long_names "size with all functions inlined" --input_model long_names.pbtxt

# ---- TensorBoard ----
check "an event file is written" convert events --input_model net/frozen.pb "${net[@]}" --tensorboard_logdir events
check "it has the format's version" grep -qa 'brain.Event:2' events/events.out.tfevents.0.zooc
check "it holds the graph" grep -qa 'net/conv/weights' events/events.out.tfevents.0.zooc
check "the IR does not know of it" diff -r ir/frozen ir/events
cp events/events.out.tfevents.0.zooc first
convert events --input_model net/frozen.pb "${net[@]}" --tensorboard_logdir events
check "it is the same each time" cmp first events/events.out.tfevents.0.zooc
convert no_folder --input_model net/frozen.pb "${net[@]}" --tensorboard_logdir net/frozen.pb/events
warned no_folder "cannot write the event file into 'net/frozen.pb/events'"

# ---- in a zoo ----
# Files that a manifest does not name each are inputs, too: a byte of one of them builds its model again.
cat >zoo.yml <<'END'
defaults: {batch: 1, output: output}
models:
  - {name: frozen, model: net/frozen.pb}
  - {name: meta, model: net/meta/net.ckpt-7.meta}
  - {name: v1, model: [net/graph.pb, net/v1/model.ckpt]}
  - {name: state, model: net/resource/graph.pb, input_checkpoint: net/objects/checkpoint}
  - {name: saved, saved_model_dir: net/saved}
END
built() {
    "$ZOOC" build zoo.yml -o zoo >build.log 2>&1
    steps_done zoo | tr '\n' ' '
}
check "a zoo is built" test "$(built)" = "frozen FP32 meta FP32 saved FP32 state FP32 v1 FP32 "
check "its IRs are the same" cmp zoo/frozen/FP32/frozen.bin zoo/meta/FP32/meta.bin
check "a zoo is up to date" test "$(built)" = ""
printf x >>net/meta/net.ckpt-7.data-00000-of-00001
check "data of a MetaGraph" test "$(built)" = "meta FP32 "
flip_byte net/objects/model-1.data-00000-of-00001 3868 # of a counter that no one needs
check "data that a state file names" test "$(built)" = "state FP32 "
printf x >>net/saved/variables/variables.data-00000-of-00001
check "data of a SavedModel" test "$(built)" = "saved FP32 "

# ---- 2 GB ----
# A Const of just under 2 GiB, the most that protobuf allows: a hole in the file, which nobody reads.
# giant FILE BYTES: tensor_content of that many bytes (a multiple of 4), and what follows the model.
varint() {
    local n=$1
    while [ "$n" -ge 128 ]; do
        printf '\\x%02x' $((n % 128 + 128))
        n=$((n / 128))
    done
    printf '\\x%02x' "$n"
}
# shellcheck disable=SC2059 # the formats are the bytes
giant() {
    local size=$2 tensor value entry node
    # dtype: 1, tensor_shape { dim { size: N } }, tensor_content
    local shape dim
    dim="\\x08$(varint $((size / 4)))"
    shape="\\x12$(varint $(($(printf "$dim" | wc -c))))$dim"
    tensor="\\x08\\x01\\x12$(varint $(($(printf "$shape" | wc -c))))$shape\\x22$(varint "$size")"
    value=$(($(printf "$tensor" | wc -c) + size))
    tensor="\\x42$(varint $value)$tensor" value=$((value + 1 + $(printf "$(varint $value)" | wc -c)))
    entry="\\x0a\\x05value\\x12$(varint $value)$tensor" value=$((value + 8 + $(printf "$(varint $value)" | wc -c)))
    node="\\x0a\\x03big\\x12\\x05Const\\x2a$(varint $value)$entry"
    value=$((value + 13 + $(printf "$(varint $value)" | wc -c)))
    printf "\\x0a$(varint $value)$node" >"$1"
    truncate -s +"$size" "$1"
    cat net/frozen.pb >>"$1"
}
giant giant.pb 2147480000
same giant frozen --input_model giant.pb "${net[@]}"
truncate -s 2147480000 giant.pb
refused giant_cut "truncated" --input_model giant.pb "${net[@]}"
rm giant.pb

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
