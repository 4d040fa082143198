// SPDX-License-Identifier: Apache-2.0
// The inputs of a test case: those that the fill rule makes, beside those of its input.npz.
#ifndef ZOOC_TESTS_INPUTS_H
#define ZOOC_TESTS_INPUTS_H

#include "tests/tools/parts/recipe.h"

// Writes DIR/input.npz. NULL on success, else what is wrong.
const char *inputs_write(struct recipe *recipe, const char *dir);

#endif
