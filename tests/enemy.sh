#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The enemy walks every way of failing: one conversion is run again and again, and each time another
# allocation, write or read of it fails (tests/preload/enemy.c). However it ends, it must not crash,
# must not leave a half-written file, must not call a failure a success, and must not blame the input
# for a lack of memory.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${BUILD:-build}
zooc=$(realpath "${ZOOC_FAST:-$build/zooc}")
enemy=$(realpath "$build/tests/preload/enemy.so")
scratch=${SCRATCH:-$(mktemp -d)}
archive=$(realpath zoo/digits_color.tar)
forms=$(realpath tests/cases/tf_files/models.tar.xz)
most=${ENEMY_RUNS:-1500} # of one kind; beyond that, evenly spaced ones
passed=0 failed=0
cd "$scratch" || exit 1
tar xf "$archive" digits_color.caffemodel digits_color.prototxt

model=(--input_model digits_color.caffemodel --mean_values '[10,20,30]' --reverse_input_channels)
convert() {
    "$zooc" convert "${model[@]}" --model_name net --output_dir "$1" "${@:2}"
}

# run FOLDER KIND:N OPTIONS...: exit code, with everything printed in FOLDER.log
run() {
    ENEMY=$2 LD_PRELOAD=$enemy convert "$1" "${@:3}" >"$1.log" 2>&1 </dev/null
}

complain() {
    failed=$((failed + 1))
    echo "FAILED  $1"
    sed 's/^/    /' out.log | tail -n 5
}

# judge NAME CODE ALLOWED_CODES
judge() {
    local name=$1 code=$2 allowed=$3
    if [[ " $allowed " != *" $code "* ]]; then
        complain "$name: exit code $code"
    elif [ "$code" -eq 0 ] && ! diff -r good out >/dev/null; then
        complain "$name: success, but other files"
    elif [ "$code" -ne 0 ] && [ -d out ] && [ -n "$(find out -type f)" ] && ! diff -r good out >/dev/null; then
        # All of them, whole, is no fault: it failed while it told of its success.
        complain "$name: left $(find out -type f | tr '\n' ' ')"
    elif [ "$code" -ne 0 ] && ! grep -qE '^\[ (ERROR|BUG) \]' out.log; then
        complain "$name: failed without a message"
    else
        passed=$((passed + 1))
    fi
}

# walk KIND ALLOWED_CODES OPTIONS...
walk() {
    local kind=$1 allowed=$2 count step number
    shift 2
    rm -rf good out
    if ! convert good "$@" >out.log 2>&1; then
        complain "without an enemy ($*)"
        return
    fi
    ENEMY_COUNT=count run out "$kind:0" "$@"
    count=$(cat count)
    step=$(((count + most - 1) / most))
    [ "$step" -gt 0 ] || step=1
    for ((number = 1; number <= count; number += step)); do
        rm -rf out
        run out "$kind:$number" "$@"
        judge "$kind $number of $count ($*)" $? "$allowed"
    done
    echo "$kind: $count calls, every ${step}th failed once ($*)"
}

# A library may do without the memory; then the result must be whole.
walk memory "70 0" --data_type FP32
walk memory "70 0" --data_type FP16 --ir_version 4
walk write "1 0" --data_type FP32
walk read "1 70 0" --data_type FP32
# A graph, a checkpoint of several files, and functions to be inlined.
tar -xJf "$forms" net/sharded net/graph.pb functions
model=(--input_model net/graph.pb --input_checkpoint net/sharded/v2 --batch 1)
walk memory "70 0" --data_type FP32
walk read "1 70 0" --data_type FP32
model=(--input_model functions/graph.pb --input_checkpoint functions/model)
walk memory "70 0" --data_type FP32
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
