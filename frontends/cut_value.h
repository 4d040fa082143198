// SPDX-License-Identifier: Apache-2.0
// The value at which data enters a cut model; private to frontends/cut*.c.
#ifndef ZOOC_CUT_VALUE_H
#define ZOOC_CUT_VALUE_H

#include "frontends/cut.h"

struct cut_input {
    const char *name; // of its Parameter
    uint32_t port;
    bool before;                     // it replaces an input of its node, else an output
    bool by_source;                  // its shape is that of what it replaces
    bool used;                       // an output of the model needs it
    const struct import_input *wish; // what the user said of it, or NULL
    struct value *value;             // once made
    struct cut_input *next;          // of the same node
};

// A Parameter, or the constant that the user froze it to. Poison after a report.
struct value *cut_make_value(struct cut *cut, const struct cut_input *in, enum dtype type,
                             struct shape shape, const char *layout, const struct place *place);

#endif
