// SPDX-License-Identifier: Apache-2.0
// For classic_form.attributes: numbers as classic IR writes them.
#ifndef ZOOC_CLASSIC_TEXT_H
#define ZOOC_CLASSIC_TEXT_H

#include <stdint.h>

typedef void put_function(void *to, const char *name, const char *value);

void put_int(put_function *put, void *to, const char *name, int64_t value);
void put_ints(put_function *put, void *to, const char *name, const int64_t *values, uint32_t count);
void put_floats(put_function *put, void *to, const char *name, const float *values, uint32_t count);
void put_float(put_function *put, void *to, const char *name, float value);

#endif
