// SPDX-License-Identifier: Apache-2.0
#include "compiler/graph/attr.h"

#include <string.h>

static bool unset_by_default(const struct attr_def *row) {
    return row->number == ATTR_UNSET;
}

// What a number row's default is in the field's own type.
static int64_t default_int(const struct attr_def *row) {
    if (!unset_by_default(row))
        return (int64_t)row->number;
    return row->kind == ATTR_ENUM ? ENUM_UNSET : INT_UNSET;
}

static void init_field(const struct attr_def *row, void *field) {
    switch (row->kind) {
    case ATTR_INT:
        *(int64_t *)field = default_int(row);
        break;
    case ATTR_FLOAT:
        *(float *)field = (float)row->number;
        break;
    case ATTR_BOOL:
        *(bool *)field = row->number != 0;
        break;
    case ATTR_ENUM:
        *(int *)field = (int)default_int(row);
        break;
    case ATTR_TYPE:
        *(enum dtype *)field = (enum dtype)default_int(row);
        break;
    case ATTR_STRING:
        *(const char **)field = "";
        break;
    case ATTR_SHAPE:
        *(struct shape *)field = SHAPE_UNKNOWN;
        break;
    case ATTR_INTS:
    case ATTR_FLOATS:
    case ATTR_GRAPH:
    case ATTR_FREE:
        break; // all zero, as the arena gives it
    }
}

void attr_init(const struct attr_def *rows, uint32_t count, void *attrs) {
    for (uint32_t i = 0; i < count; i++)
        init_field(&rows[i], attr_field(&rows[i], attrs));
}

static uint32_t list_count(const struct attr_def *row, const void *field) {
    return row->kind == ATTR_INTS ? ((const struct ints *)field)->count
                                  : ((const struct floats *)field)->count;
}

static bool same_floats(const float *a, const float *b, uint32_t count) {
    return count == 0 || memcmp(a, b, count * sizeof *a) == 0; // by bits: -0 and NaN count
}

static bool same_free(const struct free_attr *a, const struct free_attr *b) {
    for (; a != NULL && b != NULL; a = a->next, b = b->next)
        if (strcmp(a->name, b->name) != 0 || strcmp(a->value, b->value) != 0)
            return false;
    return a == b;
}

bool attr_equal(const struct attr_def *row, const void *attrs_a, const void *attrs_b) {
    const void *a = attr_field_of(row, attrs_a), *b = attr_field_of(row, attrs_b);
    switch (row->kind) {
    case ATTR_INT:
        return *(const int64_t *)a == *(const int64_t *)b;
    case ATTR_FLOAT:
        return same_floats(a, b, 1);
    case ATTR_BOOL:
        return *(const bool *)a == *(const bool *)b;
    case ATTR_ENUM:
        return *(const int *)a == *(const int *)b;
    case ATTR_TYPE:
        return *(const enum dtype *)a == *(const enum dtype *)b;
    case ATTR_STRING:
        return strcmp(*(const char *const *)a, *(const char *const *)b) == 0;
    case ATTR_SHAPE:
        return shape_equal(a, b);
    case ATTR_INTS: {
        const struct ints *x = a, *y = b;
        return x->count == y->count &&
               (x->count == 0 || memcmp(x->data, y->data, x->count * sizeof *x->data) == 0);
    }
    case ATTR_FLOATS: {
        const struct floats *x = a, *y = b;
        return x->count == y->count && same_floats(x->data, y->data, x->count);
    }
    case ATTR_FREE:
        return same_free(*(struct free_attr *const *)a, *(struct free_attr *const *)b);
    case ATTR_GRAPH:
        return false;
    }
    return false;
}

bool attr_is_default(const struct attr_def *row, const void *attrs) {
    const void *field = attr_field_of(row, attrs);
    switch (row->kind) {
    case ATTR_INT:
        return *(const int64_t *)field == default_int(row);
    case ATTR_FLOAT: {
        float number = (float)row->number;
        return same_floats(field, &number, 1);
    }
    case ATTR_BOOL:
        return *(const bool *)field == (row->number != 0);
    case ATTR_ENUM:
        return *(const int *)field == (int)default_int(row);
    case ATTR_TYPE:
        return *(const enum dtype *)field == (enum dtype)default_int(row);
    case ATTR_STRING:
        return **(const char *const *)field == '\0';
    case ATTR_SHAPE:
        return ((const struct shape *)field)->rank == RANK_UNKNOWN;
    case ATTR_INTS:
    case ATTR_FLOATS:
        return list_count(row, field) == 0;
    case ATTR_GRAPH:
    case ATTR_FREE:
        return *(void *const *)field == NULL;
    }
    return false;
}

bool attr_is_set(const struct attr_def *row, const void *attrs) {
    switch (row->kind) {
    case ATTR_BOOL:
    case ATTR_TYPE:
        return true;
    case ATTR_INT:
    case ATTR_FLOAT:
    case ATTR_ENUM:
        return !unset_by_default(row) || !attr_is_default(row, attrs);
    default:
        return !attr_is_default(row, attrs);
    }
}

const char *attr_fault(const struct attr_def *row, const void *attrs) {
    const void *field = attr_field_of(row, attrs);
    if (row->kind == ATTR_STRING && *(const char *const *)field == NULL)
        return "is NULL";
    if (row->kind == ATTR_TYPE && (unsigned)*(const enum dtype *)field >= DT_COUNT)
        return "is no element type";
    if (row->kind == ATTR_ENUM && !(unset_by_default(row) && attr_is_default(row, attrs))) {
        int count = 0, value = *(const int *)field;
        while (row->allowed[count] != NULL)
            count++;
        if (value < 0 || value >= count)
            return "is not one of its values";
    }
    if ((row->kind == ATTR_INTS || row->kind == ATTR_FLOATS) && list_count(row, field) > 0 &&
        *(void *const *)field == NULL)
        return "has a count and no elements";
    return NULL;
}

struct ints ints_copy(struct arena *arena, const int64_t *data, uint32_t count) {
    if (count == 0)
        return (struct ints){0};
    return (struct ints){.data = arena_copy(arena, data, count * sizeof *data), .count = count};
}

struct floats floats_copy(struct arena *arena, const float *data, uint32_t count) {
    if (count == 0)
        return (struct floats){0};
    return (struct floats){.data = arena_copy(arena, data, count * sizeof *data), .count = count};
}
