#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds that are killed at random moments, with and without a cache that they share: the next build
# completes and its bytes are those of a clean one. Killed are, in turn: all processes; zooc and ninja,
# so that steps which live on meet those of the next build; ninja alone; zooc alone.
#
#   ROUNDS=300 tests/interrupted.sh     so many rounds; without it as many as fit into a minute
#   SEED=N                              the same moments again
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/zoo.bash
source tests/zoo.bash
rounds=${ROUNDS:-300} most_seconds=60
[ -z "${ROUNDS:-}" ] || most_seconds=1000000
seed=${SEED:-$$}
RANDOM=$seed
echo "seed $seed"

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

# kill_some ROUND LEADER
kill_some() {
    case $(($1 % 4)) in
    0) # shellcheck disable=SC2046 # the list of all its processes
        kill -9 $(session "$2") ;;
    1) kill -9 -- -"$2" ;;
    2) # shellcheck disable=SC2046
        kill -9 $(ps -o pid=,comm= -s "$2" | awk '$2 == "ninja" {print $1}') ;;
    3) kill -9 "$2" ;;
    esac
}

wrong=0
for ((round = 0; round < rounds && SECONDS < most_seconds; round++)); do
    if ((round % 3 == 0)); then rm -rf out; fi
    if ((round % 10 == 0)); then rm -rf "$ZOOC_CACHE"; fi
    if ((round % 20 < 10)); then ZOOC_CACHE_MODE='off'; else ZOOC_CACHE_MODE='write'; fi
    setsid "$ZOOC" build zoo.yml -o out >killed.log 2>&1 &
    leader=$!
    sleep "$(awk -v n="$whole" -v r="$RANDOM" 'BEGIN { printf "%.4f", n / 1e9 * r / 32768 }')"
    kill_some $round $leader 2>>killed.log
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
check "every build after a kill is right ($round rounds)" test "$wrong" = 0
check "the cache is sound" "$ZOOC" cache verify
ZOOC_CACHE_MODE=off
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
