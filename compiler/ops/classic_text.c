// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/classic_text.h"

#include <inttypes.h>

#include "compiler/base/strbuf.h"

void put_ints(put_function *put, void *to, const char *name, const int64_t *values,
              uint32_t count) {
    struct strbuf sb = STRBUF_INIT;
    for (uint32_t i = 0; i < count; i++)
        strbuf_printf(&sb, "%s%" PRId64, i > 0 ? "," : "", values[i]);
    put(to, name, sb.data);
    strbuf_free(&sb);
}

void put_int(put_function *put, void *to, const char *name, int64_t value) {
    put_ints(put, to, name, &value, 1);
}

void put_floats(put_function *put, void *to, const char *name, const float *values,
                uint32_t count) {
    struct strbuf sb = STRBUF_INIT;
    for (uint32_t i = 0; i < count; i++) {
        strbuf_puts(&sb, i > 0 ? "," : "");
        strbuf_float(&sb, values[i]);
    }
    put(to, name, sb.data);
    strbuf_free(&sb);
}

void put_float(put_function *put, void *to, const char *name, float value) {
    put_floats(put, to, name, &value, 1);
}
