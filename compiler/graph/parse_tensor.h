// SPDX-License-Identifier: Apache-2.0
// Inside compiler/graph only: the elements of a constant in the text form.
#ifndef ZOOC_PARSE_TENSOR_H
#define ZOOC_PARSE_TENSOR_H

#include "compiler/graph/lex.h"
#include "compiler/graph/tensor.h"

// `= 0.5` or `= [1, 2, ...]`, without the equals sign; false after a report.
bool parse_tensor(struct lexer *l, enum dtype type, struct shape shape, const struct tensor **out);

#endif
