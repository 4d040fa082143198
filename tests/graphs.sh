#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Graphs in text form on the real runtime: what the emitters write is read, and gives the numbers that
# the graph's own evaluators give. (The runtime does not bear sanitizers: the tool is the fast one.)
set -u
cd "$(dirname "$0")/.." || exit 1
exec "${BUILD:-build}/tests/tools/graphrun" tests/cases/emit/*/graph.txt tests/cases/ops/*.txt
