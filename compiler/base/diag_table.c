// SPDX-License-Identifier: Apache-2.0
// The table of messages; apart from diag.c, for fatal.c quotes it and stands below all else.
#include <stddef.h>

#include "compiler/base/diag.h"

static const struct diag_entry entries[DIAG_ID_COUNT] = {
#define DIAG(number, id, grade, format, remedy) {number, #id, DIAG_##grade, format, remedy},
#include "compiler/base/diag.def"
#undef DIAG
};

const struct diag_entry *diag_entry(enum diag_id id) {
    return (unsigned)id < DIAG_ID_COUNT ? &entries[id] : NULL;
}
