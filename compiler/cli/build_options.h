// SPDX-License-Identifier: Apache-2.0
// The command line of zooc gen and zooc build.
#ifndef ZOOC_CLI_BUILD_OPTIONS_H
#define ZOOC_CLI_BUILD_OPTIONS_H

#include "compiler/batch/build.h"

// Takes apart `gen` or `build` with their options. False when nothing is left to do: after a
// report, or when only help was asked for (then *help is set).
bool build_options(int argc, char **argv, struct build_request *out, struct diag *diag, bool *help);

#endif
