// SPDX-License-Identifier: Apache-2.0
// The values of options that have a grammar of their own, parsed. Texts are taken in any spelling
// that the Model Optimizer takes; blanks are allowed around everything but inside names.
//
// Every function reports what is wrong at `at` and then returns false; results belong to the arena.
#ifndef ZOOC_OPTION_VALUES_H
#define ZOOC_OPTION_VALUES_H

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"
#include "compiler/base/dtype.h"
#include "compiler/base/strbuf.h"

enum { OPTION_MAX_RANK = 8 };

struct option_names {
    const char *const *items;
    uint32_t count;
};

struct option_dims {
    uint32_t rank;
    int64_t dims[OPTION_MAX_RANK];                         // -1: unknown
    int64_t least[OPTION_MAX_RANK], most[OPTION_MAX_RANK]; // of an unknown one; most -1: no limit
};

struct option_shapes {
    const struct option_dims *items;
    uint32_t count;
};

struct option_input {
    const char *name;
    int port; // -1: none
    bool port_is_input;
    bool has_shape;
    struct option_dims shape;
    enum dtype type;   // DT_UNKNOWN: not given
    const char *value; // to freeze with, or NULL
};

struct option_inputs {
    struct option_input *items;
    uint32_t count;
};

struct option_channels {
    const char *name; // NULL: by position
    const double *values;
    uint32_t count;
};

struct option_channel_lists { // all named or none
    const struct option_channels *items;
    uint32_t count;
};

struct option_layout {
    const char *name;   // NULL: every input
    const char *source; // of the model, in capitals: "NHWC"
    const char *target; // of the IR, the same letters in another order, or NULL
};

struct option_layouts {
    const struct option_layout *items;
    uint32_t count;
};

struct option_parser {
    struct arena *arena;
    struct diag *diag;
    const struct place *at;
    const char *option; // its name, for messages
};

// Items at the commas outside brackets, trimmed; an empty item is an error.
bool option_parse_names(const struct option_parser *p, const char *text, struct option_names *out);
bool option_parse_shapes(const struct option_parser *p, const char *text,
                         struct option_shapes *out);
bool option_parse_inputs(const struct option_parser *p, const char *text,
                         struct option_inputs *out);
bool option_parse_channels(const struct option_parser *p, const char *text,
                           struct option_channel_lists *out);
bool option_parse_offsets(const struct option_parser *p, const char *text, int64_t out[2]);
// name->value, ...: inputs with a value and nothing else.
bool option_parse_freeze(const struct option_parser *p, const char *text,
                         struct option_inputs *out);

// nhwc, nhwc->nchw or name(nhwc->nchw), ...
bool option_parse_layouts(const struct option_parser *p, const char *text,
                          struct option_layouts *out);

// The normal forms.
void option_print_shapes(const struct option_shapes *shapes, struct strbuf *out);
void option_print_inputs(const struct option_inputs *inputs, struct strbuf *out);
void option_print_channels(const struct option_channel_lists *lists, struct strbuf *out);
void option_print_layouts(const struct option_layouts *layouts, struct strbuf *out);

// What a value to freeze with holds: one number or boolean, or a bracketed list of them parted by
// blanks or commas; True is 1 and False is 0. `*scalar` says that there were no brackets.
bool option_parse_numbers(const struct option_parser *p, const char *text, const double **values,
                          uint32_t *count, bool *scalar);

#endif
