#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds on a disk that is full or cannot be written: they fail with a message, leave nothing half-
# written under a final name, and once there is room the next build completes and is right. The disk is
# a small tmpfs where mounting is allowed (a user namespace will do); where it is not, writes are made
# to fail instead (tests/preload/enemy.c).
set -u
cd "$(dirname "$0")/.." || exit 1
if [ -z "${ON_OWN_MOUNTS:-}" ] && unshare -rm true 2>/dev/null; then
    ON_OWN_MOUNTS=1 exec unshare -rm "$0" "$@"
fi
# shellcheck source=tests/zoo.bash
source tests/zoo.bash
fast=${ZOOC_FAST:-$ZOOC} enemy=$build/tests/preload/enemy.so
mkdir disk

echo 'models:' >zoo.yml
for number in 1 2 3 4; do
    tiny_net net-$number $number
    head -c 100000 /dev/urandom >net-$number/zz
    tar -cf net-$number.tar -C net-$number .
    printf '  - {name: net-%s, archive: net-%s.tar, model: [net.prototxt, net.caffemodel], data_type: [FP32, FP16]}\n' \
        $number $number >>zoo.yml
done
"$ZOOC" build zoo.yml -o clean >build.log 2>&1
check "a build with room" grep -q '^4 models: 4 built' build.log

# whole_or_none FOLDER: every file under its final name is what the clean build has.
whole_or_none() {
    local file
    for file in "$1"/net-*/*/*; do
        [ -e "$file" ] || continue
        cmp "$file" "clean/${file#"$1"/}" || return 1
    done
}
failed_well() { test "$status" = 1 && grep -qE 'No space left|cannot write|Read-only|Permission denied|failed:' build.log; }

if [ -n "${ON_OWN_MOUNTS:-}" ] && mount -t tmpfs -o size=16k none disk 2>mount.log; then
    size=16
    while :; do
        status=0
        "$ZOOC" build zoo.yml -o disk/out >build.log 2>&1 || status=$?
        [ "$status" = 0 ] && break
        check "a disk of $size kB is too small and said to be" failed_well
        check "what is there is whole ($size kB)" whole_or_none disk/out
        size=$((size * 3 / 2))
        [ "$size" -lt 100000 ] || break
        mount -o remount,size=${size}k disk
    done
    check "with $size kB the build completes" diff -r -x .zooc -x build.ninja disk/out clean
    "$ZOOC" build zoo.yml -o disk/out >build.log 2>&1
    check "and has nothing to do then" grep -q '^nothing to do: 4 models' build.log

    sed -i 's/FP16\]}/FP16], scale: 2}/' zoo.yml
    mount -o remount,ro disk
    status=0
    "$ZOOC" build zoo.yml -o disk/out >build.log 2>&1 || status=$?
    check "a disk that cannot be written is an error" failed_well
    mount -o remount,rw disk
    sed -i 's/, scale: 2//' zoo.yml
    "$ZOOC" build zoo.yml -o disk/out >build.log 2>&1
    check "written again it is right" diff -r -x .zooc -x build.ninja disk/out clean

    # A cache without room costs nothing but the next time.
    mkdir cache-disk
    mount -t tmpfs -o size=64k none cache-disk
    ZOOC_CACHE_MODE='write' "$ZOOC" build zoo.yml -o cached --cache_dir cache-disk/cache >build.log 2>&1
    check "a full cache fails no build" diff -r -x .zooc cached clean
    rm -rf cached
    ZOOC_CACHE_MODE='write' "$ZOOC" build zoo.yml -o cached --cache_dir cache-disk/cache >build.log 2>&1
    check "nor what is taken from it" diff -r -x .zooc cached clean
    umount disk cache-disk
else
    for number in 1 2 3 5 8 13 21 34; do
        rm -rf out
        status=0
        ENEMY=write:$number+ LD_PRELOAD=$enemy "$fast" build zoo.yml -o out >build.log 2>&1 || status=$?
        check "a build whose writes fail from the $number. on" test "$status" != 0
        check "what is there is whole" whole_or_none out
        "$ZOOC" build zoo.yml -o out >build.log 2>&1
        check "the next build is right" diff -r -x .zooc out clean
    done
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
