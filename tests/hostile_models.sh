#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A truncated model is refused: exit code 1, one message, no output. A model with flipped bits is refused
# likewise or converted whole (a flipped weight is a weight). Nothing else ever happens: no crash, no
# hang, no fault of ours, no half-written files. Run with sanitizers.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$PWD
build=${BUILD:-build}
scratch=${SCRATCH:-$(mktemp -d)}
zooc=${ZOOC:-$build/sanitize/zooc}
case $zooc in /*) ;; *) zooc=$root/$zooc ;; esac
passed=0 failed=0
cd "$scratch" || exit 1

fail() {
    failed=$((failed + 1))
    echo "FAILED $1"
    head -n 5 errors
}

# attempt NAME MAY_SUCCEED: converts hurt/NAME.*, then looks at how it ended and what is there.
attempt() {
    local name=$1 may_succeed=$2 code files said
    rm -rf out
    timeout 60 "$zooc" convert "${model[@]}" -o out -n net --silent 2>errors </dev/null
    code=$?
    files=$(find out -type f 2>/dev/null | wc -l)
    said=$(grep -c '^\[ ERROR \]' errors)
    if [ "$code" -eq 1 ] && [ "$files" -eq 0 ] && [ "$said" -ge 1 ] && [ "$said" -le "${several:-1}" ]; then
        passed=$((passed + 1))
    elif [ "$code" -eq 0 ] && [ "$files" -eq 3 ] && [ -n "$may_succeed" ]; then
        passed=$((passed + 1))
    else
        fail "$name: exit code $code, $files files"
    fi
}

# flip FILE OFFSET BIT: in place.
flip() {
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    # shellcheck disable=SC2059 # the format is the byte
    printf "$(printf '\\x%02x' $((byte ^ (1 << $3))))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# Only the file that is hurt differs from the last time.
fresh() {
    [ -e hurt ] || cp -r whole hurt
    cp "whole/$file" "hurt/$file"
}

# hurt FILE RUNS [WHY]: RUNS truncations and RUNS flips of FILE, spread over it; its ends get some more.
# WHY: what is left may be good (of a text, a smaller network).
hurt() {
    local file=$1 runs=$2 why=${3-} size offset i
    rm -rf hurt
    size=$(stat -c %s "whole/$file") && cp -r whole hurt || exit 1
    attempt "$file whole" yes
    [ -e out/net.xml ] || fail "$file: what is whole does not convert"
    for ((i = 0; i < runs; i++)); do
        case $i in
        [0-7]) offset=$i ;;
        [89]) offset=$((size - i + 7)) ;;
        *) offset=$((size * i / runs)) ;;
        esac
        fresh
        truncate -s "$offset" "hurt/$file"
        attempt "$file cut at $offset" "$why"
        fresh
        flip "hurt/$file" "$((offset * 7 % size))" $((i % 8))
        attempt "$file, bit $((i % 8)) flipped at $((offset * 7 % size))" yes
    done
}

"$zooc" unpack "$root/zoo/digits_mlp.tar.bz2" -o whole >/dev/null || exit 1
model=(--input_model hurt/digits_mlp.caffemodel --input_proto hurt/digits_mlp.prototxt)
hurt digits_mlp.caffemodel 60
hurt digits_mlp.prototxt 40 text

# TensorFlow's forms. A graph whose names are changed may miss several things, a message each.
mkdir whole/tf && tar -xJf "$root/tests/cases/tf_files/models.tar.xz" -C whole/tf net functions functional module || exit 1
rm -rf whole/*.*
net=(-b 1 --output output)
model=(--input_model hurt/tf/net/graph.pb --input_checkpoint hurt/tf/net/v1/model.ckpt "${net[@]}")
hurt tf/net/v1/model.ckpt 30
model=(--input_model hurt/tf/net/parts/graph.pb --input_checkpoint hurt/tf/net/parts/v2 "${net[@]}")
hurt tf/net/parts/v2.index 30
hurt tf/net/parts/v2.data-00000-of-00001 20
model=(--input_model hurt/tf/net/resource/graph.pb --input_checkpoint hurt/tf/net/objects "${net[@]}")
hurt tf/net/objects/model-1.index 20
hurt tf/net/objects/model-1.data-00000-of-00001 20 unneeded # the counter at its end
hurt tf/net/objects/checkpoint 20 text
several=20
hurt tf/net/resource/graph.pb 30
model=(--input_meta_graph hurt/tf/net/meta/net.ckpt-7.meta "${net[@]}")
hurt tf/net/meta/net.ckpt-7.meta 30
model=(--saved_model_dir hurt/tf/net/saved -b 1)
hurt tf/net/saved/saved_model.pb 30
model=(--saved_model_dir hurt/tf/net/saved_text -b 1)
hurt tf/net/saved_text/saved_model.pbtxt 20 text
model=(--input_model hurt/tf/functions/graph.pb --input_checkpoint hurt/tf/functions/model)
hurt tf/functions/graph.pb 30
model=(--input_model hurt/tf/functional/graph.pb)
hurt tf/functional/graph.pb 30
model=(--saved_model_dir hurt/tf/module/saved)
hurt tf/module/saved/saved_model.pb 30

# MXNet's. Each text may miss several things, too.
rm -rf whole
"$zooc" unpack "$root/zoo/digits_mxnet.tar.gz" -o whole >/dev/null || exit 1
shape=(--input_shape '[1,1,8,8]')
model=(--input_model hurt/digits_mxnet-0000.params "${shape[@]}")
hurt digits_mxnet-0000.params 60
hurt digits_mxnet-symbol.json 60 text
# The same arrays once more as the files of a training that goes on.
cp whole/digits_mxnet-0000.params whole/on_args.nd
model=(--input_symbol hurt/digits_mxnet-symbol.json --nd_prefix_name on
    --pretrained_model_name hurt/digits_mxnet --framework mxnet "${shape[@]}")
hurt on_args.nd 30

# A source that somebody writes while it is read. The graph after each pass goes into a pipe that nobody
# reads until the source has been changed: it is longer than a pipe holds, and the weights come later.
rm -rf whole
mkdir whole
python3 - <<'END'
import struct


def number(n):
    return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + number(n >> 7)


def field(n, data):
    return number(n << 3 | 2) + number(len(data)) + data


def blob(values, *shape):
    return field(7, field(5, values) + field(7, field(1, b"".join(map(number, shape)))))


fc = field(1, b"fc") + field(2, b"InnerProduct") + blob(struct.pack("<f", 0.5) * 400000, 1000, 400)
open("whole/net.caffemodel", "wb").write(field(100, fc + blob(bytes(4000), 1000)))
text = """name: "net"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 400 } } }
layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc" inner_product_param { num_output: 1000 } }
"""
before = "fc"
for name in (f"relu{n}_" + "long" * 25 for n in range(700)):
    text += f'layer {{ name: "{name}" type: "ReLU" bottom: "{before}" top: "{name}" }}\n'
    before = name
open("whole/net.prototxt", "w").write(text)
END
cat >meanwhile.py <<'END'
"""meanwhile.py COMMAND -- CONVERSION...: converts, and runs COMMAND when the pipe `steps` is full."""
import array, fcntl, os, subprocess, sys, termios, time

command, conversion = sys.argv[1], sys.argv[3:]
pipe = os.open("steps", os.O_RDWR | os.O_NONBLOCK)
fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 65536)
child = subprocess.Popen(conversion)
held, before = array.array("i", [0]), -1
while child.poll() is None and (held[0] == 0 or held[0] != before):
    before = held[0]
    time.sleep(0.2)
    fcntl.ioctl(pipe, termios.FIONREAD, held)
assert child.poll() is None, "the pipe holds all"
subprocess.run(command, shell=True, check=True)
while child.poll() is None:
    try:
        os.read(pipe, 65536)
    except BlockingIOError:
        time.sleep(0.01)
sys.exit(child.returncode)
END
# meanwhile NAME COMMAND CODE
meanwhile() {
    local code=0 files
    rm -rf hurt out steps
    cp -r whole hurt && mkfifo steps
    timeout 60 python3 meanwhile.py "$2" -- "$zooc" convert --input_model hurt/net.caffemodel \
        --steps=steps -o out --silent 2>errors || code=$?
    files=$(find out -type f 2>/dev/null | wc -l)
    if [ "$code" -eq "$3" ] && [ "$files" -eq $(((1 - code) * 3)) ] &&
        [ "$(grep -c "^\[ ERROR \]  'hurt/net.[a-z]*' was changed while it was read$" errors)" -eq "$code" ]; then
        passed=$((passed + 1))
    else
        fail "$1: exit code $code, $files files"
    fi
}
meanwhile "weights that are cut" 'truncate -s 5000 hurt/net.caffemodel' 1
meanwhile "within a page" 'truncate -s -30 hurt/net.caffemodel' 1
meanwhile "weights that are written" 'printf x | dd of=hurt/net.caffemodel bs=1 seek=9000 conv=notrunc status=none' 1
meanwhile "a topology that is cut" 'truncate -s 10 hurt/net.prototxt' 1
meanwhile "files that are replaced, which harms nobody" 'mv whole/net.prototxt hurt/net.caffemodel' 0

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
