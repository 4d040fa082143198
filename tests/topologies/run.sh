#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Converts the known topologies and compares them with their frameworks: run.sh [FILTER] [OPTION...]
# FILTER is a part of FAMILY/CASE, or a pattern with * and ?; options are those of tests/tools/topologies.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
filter=()
if [ $# -gt 0 ] && [[ $1 != --* ]]; then
    filter=(--filter "$1")
    shift
fi
unset MAKEFLAGS MFLAGS MAKELEVEL # of the make that called us
make -j"$(nproc)" all tools >/dev/null
exec "$build/tests/tools/topologies" --zooc "$build/zooc" --folder "$build/topologies" \
    --tables tests/topologies --extensions "$build/tests/extensions" "${filter[@]}" "$@" tests/topologies/*/*.tar.xz
