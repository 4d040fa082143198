#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds that are killed at any moment: the next build completes and is right. Half of the time only
# zooc and ninja die, so that steps which live on meet those of the next build.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$PWD
: "${ZOOC:=$root/build/zooc}" "${SCRATCH:=$root/build/scratch/interrupted}"
# shellcheck source=tests/zoo.bash
source tests/zoo.bash
rm -rf "$SCRATCH" && mkdir -p "$SCRATCH" && cd "$SCRATCH" || exit 1
rounds=${ROUNDS:-30}

echo 'models:' >zoo.yml
for number in 1 2 3 4 5 6; do
    tiny_net net-$number $number
    head -c 3000000 /dev/urandom >net-$number/zz # so that unpacking takes a while
    tar -cf net-$number.tar -C net-$number .
    printf '  - {name: net-%s, archive: net-%s.tar, model: [net.prototxt, net.caffemodel], data_type: [FP32, FP16]}\n' \
        $number $number >>zoo.yml
done
start=$(date +%s%N)
"$ZOOC" build zoo.yml -o clean >build.log 2>&1
check "a build that nobody kills" grep -q '^6 models: 6 built' build.log
whole=$(($(date +%s%N) - start))

# session PID: what is still alive of the session that PID leads.
session() { ps -o pid= -s "$1"; }

wrong=0
for ((round = 0; round < rounds; round++)); do
    if ((round % 3 == 0)); then rm -rf out; fi
    setsid "$ZOOC" build zoo.yml -o out >killed.log 2>&1 &
    leader=$!
    sleep "$(awk -v n="$whole" -v r="$round" -v t="$rounds" 'BEGIN { printf "%.4f", n / 1e9 * (r + 0.5) / t }')"
    if ((round % 2 == 0)); then
        # shellcheck disable=SC2046 # the list of all its processes
        kill -9 $(session $leader) 2>>killed.log
    else
        kill -9 -- -$leader 2>>killed.log
    fi
    wait $leader 2>>killed.log
    "$ZOOC" build zoo.yml -o out >build.log 2>&1 || wrong=$((wrong + 1))
    diff -r -x .zooc out clean >diff.log || wrong=$((wrong + 1))
    if ((wrong > 0)); then
        cat killed.log build.log diff.log
        break
    fi
    "$ZOOC" build zoo.yml -o out >build.log 2>&1
    grep -q '^nothing to do: 6 models' build.log || wrong=$((wrong + 1))
done
check "every build after a kill is right ($round of $rounds rounds)" test "$wrong" = 0
terminated() {
    rm -rf out
    setsid "$ZOOC" build zoo.yml -o out >killed.log 2>&1 &
    leader=$!
    sleep 0.02
    kill -TERM $leader
    ! wait $leader
}
check "a terminated build does not pass for a whole one" terminated
"$ZOOC" build zoo.yml -o out >build.log 2>&1
"$ZOOC" build zoo.yml -o out >build.log 2>&1
check "and the next one goes on" diff -r -x .zooc out clean
refused() {
    exec 9>>out/.zooc/lock
    flock 9
    ! "$ZOOC" build zoo.yml -o out >build.log 2>&1 && grep -q "another build works in" build.log
}
check "two builds at a time in one folder are refused" refused
exec 9>&-

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
