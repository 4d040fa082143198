#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the pages show is run: every line of a ```sh block of a README must end with 0, in a folder with
# a small network; a first ```yaml block that holds models must be a manifest that zooc gen takes. Links
# lead to files. The ```diff blocks of a page are applied to a copy of the sources first, and its commands
# are run there: the pages that say how something is added have been followed.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$PWD
build=${BUILD:-build}
scratch=${SCRATCH:-$(mktemp -d)}
zooc=${ZOOC:-$build/zooc}
case $zooc in /*) ;; *) zooc=$root/$zooc ;; esac
unset BUILD # the copies build into folders of their own
mkdir -p "$scratch/bin"
ln -sf "$zooc" "$scratch/bin/zooc"
export PATH="$scratch/bin:$PATH"
passed=0 failed=0

check() {
    local name=$1
    shift
    if "$@" >"$scratch/log" 2>&1 </dev/null; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $name"
        tail -n 5 "$scratch/log"
    fi
}

# Lines of the blocks of language $2 in page $1; of the first $3 blocks when that is given.
blocks() {
    awk -v start="\`\`\`$2" -v most="${3:-0}" \
        '$0 == start {inside = !most || ++count <= most; next} /^```/ {inside = 0} inside' "$1"
}

# A folder in which the examples make sense: net.*, relu.prototxt, inputs.npz, outputs.npz.
new_folder() {
    rm -rf "$scratch/here"
    mkdir -p "$scratch/here"
    cp "$root"/tests/cases/cli/files/* "$scratch/here"
    zooc unpack "$root/zoo/digits_color.tar" -o "$scratch/here/net" >/dev/null
    local file
    for file in "$scratch"/here/net/digits_color.*; do
        cp "$file" "$scratch/here/net.${file##*.}"
    done
    cp "$scratch/here/net/input.npz" "$scratch/here/inputs.npz"
    cp "$scratch/here/net/golden.npz" "$scratch/here/outputs.npz"
}

run_line() { (cd "$scratch/here" && bash -c "$1"); }
is_manifest() { (cd "$scratch/here" && cp "$1" page.yml && zooc gen page.yml -o generated); }

# A copy of the sources, changed as the page says.
new_sources() {
    rm -rf "$scratch/here"
    mkdir -p "$scratch/here"
    git ls-files -z | grep -zv -e '^tests/topologies/' -e '^zoo/' | xargs -0 cp --parents -t "$scratch/here"
    # Inside a repository git would pass over what is not of its top folder.
    (cd "$scratch/here" && blocks "$root/$1" diff |
        GIT_CEILING_DIRECTORIES=$(cd .. && pwd -P) git apply --recount -C1 -)
}

mapfile -t pages < <(git ls-files '*.md')
for page in "${pages[@]}"; do
    if [ -n "$(blocks "$page" diff)" ]; then
        check "$page: its steps fit the sources" new_sources "$page"
    else
        new_folder
    fi
    while IFS= read -r line; do
        [ -n "$line" ] && check "$page: $line" run_line "$line"
    done < <(blocks "$page" sh)
    if blocks "$page" yaml 1 | grep -q '^models:'; then
        blocks "$page" yaml 1 >"$scratch/yaml"
        check "$page: its manifest" is_manifest "$scratch/yaml"
    fi
    while IFS= read -r link; do
        check "$page: link to $link" test -e "$(dirname "$page")/$link"
    done < <(grep -o '](\([^)#:]*\))' "$page" | sed 's/^](\(.*\))$/\1/' | sort -u)
done

# Every option is in --help; every command has a help that ends with 0.
has_option() { zooc convert --help | grep -q -- "--$1\b"; }
while IFS= read -r option; do
    check "--help knows $option" has_option "$option"
done < <(sed -n 's/^OPTION(\([a-zA-Z0-9_]*\),.*/\1/p' compiler/options/options.def)
while IFS= read -r command; do
    check "zooc $command --help" zooc "$command" --help
done < <(sed -n 's/^COMMAND("\([a-z_]*\)",.*/\1/p' compiler/cli/commands.def)

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
