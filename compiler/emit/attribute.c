// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>

#include "compiler/base/strbuf.h"
#include "compiler/emit/emitter.h"
#include "compiler/ops/data.h"

static void put_ints(struct strbuf *out, const int64_t *values, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        strbuf_printf(out, "%s%" PRId64, i == 0 ? "" : ",", values[i]);
}

static void put_floats(struct strbuf *out, const float *values, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        strbuf_puts(out, i == 0 ? "" : ",");
        strbuf_float(out, values[i]);
    }
}

// An unknown dimension, within the limits that `a` has for it.
static void put_unknown(struct strbuf *out, const struct parameter *a, uint32_t i) {
    int64_t least = i < a->least.count ? a->least.data[i] : 0;
    int64_t most = i < a->most.count ? a->most.data[i] : -1;
    if (least <= 0 && most < 0) {
        strbuf_putc(out, '?');
        return;
    }
    if (least > 0)
        strbuf_printf(out, "%" PRId64, least);
    strbuf_puts(out, "..");
    if (most >= 0)
        strbuf_printf(out, "%" PRId64, most);
}

// Of a Parameter, which alone has a shape in a dialect.
static void put_shape(struct strbuf *out, const struct parameter *a) {
    const struct shape *shape = &a->shape;
    if (shape->rank == RANK_UNKNOWN)
        strbuf_puts(out, "...");
    for (int32_t i = 0; i < shape->rank; i++) {
        strbuf_puts(out, i == 0 ? "" : ",");
        if (shape->dims[i] == DIM_UNKNOWN)
            put_unknown(out, a, (uint32_t)i);
        else
            strbuf_printf(out, "%" PRId64, shape->dims[i]);
    }
}

static const char *type_name(enum dtype type, enum dialect_id dialect) {
    return dialect == DIALECT_OPSET ? dtype_opset_name(type) : dtype_classic_name(type);
}

static const char *truth(bool value, enum dialect_id dialect) {
    if (dialect == DIALECT_OPSET)
        return value ? "true" : "false";
    return value ? "1" : "0";
}

// The text of one attribute.
static void put_value(struct strbuf *out, const struct attr_def *row, const void *attrs,
                      enum dialect_id dialect) {
    const void *field = attr_field_of(row, attrs);
    switch (row->kind) {
    case ATTR_INT:
        put_ints(out, field, 1);
        return;
    case ATTR_FLOAT:
        put_floats(out, field, 1);
        return;
    case ATTR_BOOL:
        strbuf_puts(out, truth(*(const bool *)field, dialect));
        return;
    case ATTR_ENUM:
        strbuf_puts(out, row->allowed[*(const int *)field]);
        return;
    case ATTR_STRING:
        strbuf_puts(out, *(const char *const *)field);
        return;
    case ATTR_INTS:
        put_ints(out, ((const struct ints *)field)->data, ((const struct ints *)field)->count);
        return;
    case ATTR_FLOATS:
        put_floats(out, ((const struct floats *)field)->data,
                   ((const struct floats *)field)->count);
        return;
    case ATTR_TYPE:
        strbuf_puts(out, type_name(*(const enum dtype *)field, dialect));
        return;
    case ATTR_SHAPE:
        put_shape(out, attrs);
        return;
    case ATTR_GRAPH: // a body is no attribute in any dialect
    case ATTR_FREE:
        return;
    }
}

// Is the attribute written though nobody said it? The opset readers require every list.
static bool is_printed(const struct attr_def *row, const void *attrs, enum dialect_id dialect) {
    bool is_list = row->kind == ATTR_INTS || row->kind == ATTR_FLOATS || row->kind == ATTR_SHAPE;
    return attr_is_set(row, attrs) || (is_list && dialect == DIALECT_OPSET);
}

static const char *spelling(const struct attr_def *row, enum dialect_id dialect) {
    return dialect == DIALECT_OPSET ? row->opset : row->classic;
}

// The rows that the dialect spells, then the free attributes.
static void put_rows(struct emitter *e, const struct node *n, enum dialect_id dialect) {
    struct strbuf text = STRBUF_INIT;
    for (uint32_t i = 0; i < n->op->attr_count; i++) {
        const struct attr_def *row = &n->op->attrs[i];
        const char *name = spelling(row, dialect);
        if (name == NULL || row->kind == ATTR_FREE || !is_printed(row, n->attrs, dialect))
            continue;
        strbuf_reset(&text);
        put_value(&text, row, n->attrs, dialect);
        e->dialect->put_attribute(e, name, text.data);
    }
    strbuf_free(&text);
}

static void put_free(struct emitter *e, const struct node *n, enum dialect_id dialect) {
    for (uint32_t i = 0; i < n->op->attr_count; i++) {
        const struct attr_def *row = &n->op->attrs[i];
        if (row->kind != ATTR_FREE || spelling(row, dialect) == NULL)
            continue;
        const struct free_attr *attr = *(struct free_attr *const *)attr_field_of(row, n->attrs);
        for (; attr != NULL; attr = attr->next)
            e->dialect->put_attribute(e, attr->name, attr->value);
    }
}

void emit_put(void *emitter, const char *name, const char *value) {
    struct emitter *e = emitter;
    if (!e->in_data)
        xml_open(&e->xml, "data");
    e->in_data = true;
    xml_attr(&e->xml, name, value);
}

void emit_data(struct emitter *e, const struct node *n, enum dialect_id dialect) {
    e->in_data = false;
    put_rows(e, n, dialect);
    put_free(e, n, dialect);
    const struct classic_form *form = n->op->classic;
    if (dialect == DIALECT_CLASSIC && form != NULL && form->attributes != NULL)
        form->attributes(n, e->dialect->put_attribute, e);
    if (e->in_data)
        xml_close(&e->xml, "data");
}
