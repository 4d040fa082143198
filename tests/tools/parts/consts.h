// SPDX-License-Identifier: Apache-2.0
// A frozen TensorFlow graph whose large Const nodes were emptied: writes it with their values.
#ifndef ZOOC_TESTS_CONSTS_H
#define ZOOC_TESTS_CONSTS_H

#include <stdbool.h>
#include <stdio.h>

#include "tests/tools/parts/recipe.h"

bool consts_write(FILE *to, const struct recipe *recipe, struct slice graph);

#endif
