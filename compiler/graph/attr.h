// SPDX-License-Identifier: Apache-2.0
// Attributes. An operator's list is written once, one line a row, in its family's header:
//
//     #define CONVOLUTION_ATTRS(A) //
//         A(INTS,  strides,    NO_DEFAULT,  NULL,     "strides",  "strides") // A(ENUM,  auto_pad,
//         PAD_EXPLICIT, auto_pads, "auto_pad", NULL)
//     ATTR_STRUCT(convolution, CONVOLUTION_ATTRS)
//
// kind, field, default, allowed values (ENUM: a NULL-ended array of names in enumerator order),
// spelling in opset IR, spelling in classic IR (NULL: not printed in that dialect).
// It expands to the struct that passes use (`conv->strides`) and to the rows generic code walks.
#ifndef ZOOC_ATTR_H
#define ZOOC_ATTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler/base/arena.h"
#include "compiler/base/dtype.h"
#include "compiler/graph/shape.h"

struct ints {
    const int64_t *data;
    uint32_t count;
};
struct floats {
    const float *data;
    uint32_t count;
};
struct graph;
struct free_attr { // attributes of a Custom operator, printed as they stand
    const char *name, *value;
    struct free_attr *next;
};

enum attr_kind {
    ATTR_INT,    // int64_t
    ATTR_FLOAT,  // float
    ATTR_BOOL,   // bool; printed true/false in opset IR, 1/0 in classic IR
    ATTR_ENUM,   // int, printed as its name
    ATTR_STRING, // const char *
    ATTR_INTS,   // struct ints
    ATTR_FLOATS, // struct floats
    ATTR_TYPE,   // enum dtype
    ATTR_SHAPE,  // struct shape
    ATTR_GRAPH,  // struct graph *: a body
    ATTR_FREE,   // struct free_attr *
};

#define ATTR_CTYPE_INT int64_t
#define ATTR_CTYPE_FLOAT float
#define ATTR_CTYPE_BOOL bool
#define ATTR_CTYPE_ENUM int
#define ATTR_CTYPE_STRING const char *
#define ATTR_CTYPE_INTS struct ints
#define ATTR_CTYPE_FLOATS struct floats
#define ATTR_CTYPE_TYPE enum dtype
#define ATTR_CTYPE_SHAPE struct shape
#define ATTR_CTYPE_GRAPH struct graph *
#define ATTR_CTYPE_FREE struct free_attr *

struct attr_def {
    enum attr_kind kind;
    const char *name;
    size_t offset;
    double number;              // default of INT, FLOAT, BOOL, ENUM, TYPE
    const char *const *allowed; // ENUM: names in enumerator order, NULL at the end
    const char *opset;          // spelling in IR v10/v11, NULL = not printed
    const char *classic;        // spelling in IR v2 to v7, NULL = not printed
};

#define NO_DEFAULT 0 // NULL, "", empty list, unknown shape
// Default of a FLOAT, INT or ENUM attribute that is not printed unless the source says it.
#define ATTR_UNSET (-3.0e38)
#define INT_UNSET INT64_MIN
#define ENUM_UNSET (-1)

#define ATTR_FIELD_(kind, field, number, allowed, opset, classic) ATTR_CTYPE_##kind field;
#define ATTR_STRUCT(tag, LIST)                                                                     \
    struct tag {                                                                                   \
        LIST(ATTR_FIELD_)                                                                          \
    };

// In the family's .c file: ATTR_ROWS(convolution, CONVOLUTION_ATTRS) makes `convolution_attrs`.
#define ATTR_ROW_(kind_, field, number_, allowed_, opset_, classic_)                               \
    {.kind = ATTR_##kind_,                                                                         \
     .name = #field,                                                                               \
     .offset = offsetof(ATTR_OWNER, field),                                                        \
     .number = (double)(number_),                                                                  \
     .allowed = allowed_,                                                                          \
     .opset = opset_,                                                                              \
     .classic = classic_},
// Use:   #define ATTR_OWNER struct convolution
//        static const struct attr_def convolution_attrs[] = {CONVOLUTION_ATTRS(ATTR_ROW_)};
//        #undef ATTR_OWNER

// Sets every attribute to its default.
void attr_init(const struct attr_def *rows, uint32_t count, void *attrs);
static inline void *attr_field(const struct attr_def *row, void *attrs) {
    return (char *)attrs + row->offset;
}
static inline const void *attr_field_of(const struct attr_def *row, const void *attrs) {
    return (const char *)attrs + row->offset;
}
bool attr_is_default(const struct attr_def *row, const void *attrs);
// False when nobody said it and the row's default is ATTR_UNSET, and for empty lists and strings.
bool attr_is_set(const struct attr_def *row, const void *attrs);
// Of every kind but GRAPH, which is never equal.
bool attr_equal(const struct attr_def *row, const void *a, const void *b);
// "is not one of its values" and such, or NULL when the value is in range.
const char *attr_fault(const struct attr_def *row, const void *attrs);

struct ints ints_copy(struct arena *arena, const int64_t *data, uint32_t count);
struct floats floats_copy(struct arena *arena, const float *data, uint32_t count);
static inline int64_t ints_get(struct ints v, uint32_t i, int64_t otherwise) {
    return i < v.count ? v.data[i] : otherwise;
}

#endif
