#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Plays the sessions of tests/cases/cli/*.session: commands, what they print, how they end.
#
#   $ COMMAND       run by bash in a folder that holds a copy of tests/cases/cli/files
#   lines           what it prints, standard error behind standard output
#   ? N             its exit code, when not 0
#   # remark
#
# Folders, times and versions are replaced: HERE, TIME, VERSION. Blank lines do not count. A session is played in one folder from top to bottom.
#
#   tests/cli.sh [--update] [NAME...]    --update writes what was printed into the sessions
set -u
cd "$(dirname "$0")/.." || exit 1
root=$PWD
build=${BUILD:-build}
zooc=${ZOOC:-$build/zooc}
scratch=${SCRATCH:-$(mktemp -d)}
case $zooc in /*) ;; *) zooc=$root/$zooc ;; esac
update=
[ "${1-}" = --update ] && update=1 && shift

mkdir -p "$scratch/bin"
ln -sf "$zooc" "$scratch/bin/zooc"
ln -sf "$zooc" "$scratch/bin/mo"
ln -sf "$(realpath "$build")/tests/tools/npy" "$scratch/bin/npy"
export PATH="$scratch/bin:$PATH" NO_COLOR=1 LC_ALL=C
passed=0 failed=0

settle() {
    sed -e "s#$1#HERE#g" -e 's/time: [0-9.]* seconds/time: TIME seconds/' \
        -e 's/^zooc [0-9a-f]\{32\}$/zooc VERSION/' -e 's/^zooc version: \t.*/zooc version: \tVERSION/'
}

# play SESSION FOLDER: the session with what its commands really print.
play() {
    local line remark='' code output
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in
        '$ '*)
            [ -n "$remark" ] && echo
            remark=''
            echo "$line"
            output=$(cd "$2" && bash -c "${line#$ }" 2>&1 </dev/null)
            code=$?
            [ -n "$output" ] && printf '%s\n' "$output" | settle "$2"
            [ "$code" -ne 0 ] && echo "? $code"
            echo
            ;;
        '# '*) remark=1 && printf '%s\n' "$line" ;;
        esac
    done <"$1"
}

for session in tests/cases/cli/*.session; do
    name=$(basename "$session" .session)
    [ $# -gt 0 ] && [[ " $* " != *" $name "* ]] && continue
    folder=$scratch/$name
    mkdir -p "$folder"
    cp -r tests/cases/cli/files/. "$folder"
    play "$session" "$folder" >"$scratch/$name.played"
    if diff -uB "$session" "$scratch/$name.played"; then
        passed=$((passed + 1))
    elif [ -n "$update" ]; then
        sed '$d' "$scratch/$name.played" >"$session" # without the blank line at its end
    else
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
