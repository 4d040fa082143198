#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes manifests/open_model_zoo.yml anew from a git repository of the Open Model Zoo: the newest
# description of every public model that a release ever had, for models leave the zoo while their files
# stay where they are.
#
#   manifests/make_open_model_zoo.sh GIT_DIRECTORY [--service TYPE=ADDRESS]
#
# A few files are known to a service by a number; --service tells how its addresses begin.
set -eu
git=$1
shift
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Oldest first: a newer release's description replaces an older one.
{ git -C "$git" tag --sort=creatordate && echo HEAD; } | while read -r release; do
    git -C "$git" ls-tree -r --name-only "$release" |
        { grep -E '^models/public/(.*/)?model\.yml$' || true; } | while read -r path; do
        name=$(basename "$(dirname "$path")")
        mkdir -p "$scratch/$name"
        git -C "$git" show "$release:$path" >"$scratch/$name/model.yml"
    done
done
build/zooc import omz "$scratch" --standalone -o manifests/open_model_zoo.yml "$@"
