// SPDX-License-Identifier: Apache-2.0
// The text form, written. Grammar and meaning: README.md in this folder.
#include <inttypes.h>
#include <string.h>

#include "compiler/base/names.h"
#include "compiler/base/strbuf.h"
#include "compiler/graph/op.h"
#include "compiler/graph/text.h"

struct printer {
    struct strbuf *out;
    struct arena *arena; // for the time of printing
    uint32_t *twin;      // by id: how many printed before have the same name
    bool full;
    int depth;
};

// --- words --------------------------------------------------------------------------------------

static bool is_bare(const char *name) {
    if (!text_starts_name((unsigned char)name[0]))
        return false;
    for (const char *c = name; *c != '\0'; c++)
        if (!text_in_word((unsigned char)*c))
            return false;
    return true;
}

static void print_quoted(struct strbuf *out, const char *text) {
    strbuf_putc(out, '"');
    for (const char *c = text; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte == '"' || byte == '\\')
            strbuf_printf(out, "\\%c", byte);
        else if (byte < 0x20 || byte == 0x7f)
            strbuf_printf(out, "\\x%02x", byte);
        else
            strbuf_putc(out, (char)byte);
    }
    strbuf_putc(out, '"');
}

static void print_word(struct strbuf *out, const char *name) {
    if (is_bare(name))
        strbuf_puts(out, name);
    else
        print_quoted(out, name);
}

static void print_handle(struct printer *p, const struct node *n) {
    print_word(p->out, n->name);
    if (p->twin[n->id] > 0)
        strbuf_printf(p->out, "#%" PRIu32, p->twin[n->id]);
}

static void print_type(struct strbuf *out, enum dtype type) {
    strbuf_puts(out, type == DT_UNKNOWN ? "?" : dtype_opset_name(type));
}

// --- constants ----------------------------------------------------------------------------------

static void print_element(struct strbuf *out, enum dtype type, const void *data, uint64_t index) {
    const uint8_t *element = (const uint8_t *)data + index * dtype_size(type);
    uint64_t u64;
    if (type == DT_U64) {
        memcpy(&u64, element, sizeof u64);
        strbuf_printf(out, "%" PRIu64, u64);
    } else if (type == DT_F64) {
        strbuf_double(out, dtype_load(type, element, 0));
    } else if (dtype_is_float(type)) {
        strbuf_float(out, (float)dtype_load(type, element, 0));
    } else {
        strbuf_printf(out, "%" PRId64, dtype_load_i64(type, element, 0));
    }
}

enum { READ_BLOCK = 512, SHORT_COUNT = 32, SHORT_SHOWN = 8, ELEMENT_MAX = 8 };

// All elements have the same bits.
static bool is_uniform(const struct tensor *t, uint64_t count) {
    uint8_t block[READ_BLOCK * ELEMENT_MAX], first[ELEMENT_MAX];
    size_t size = dtype_size(t->type);
    tensor_read(t, 0, 1, first);
    for (uint64_t done = 0; done < count; done += READ_BLOCK) {
        uint64_t part = count - done < READ_BLOCK ? count - done : READ_BLOCK;
        tensor_read(t, done, part, block);
        for (uint64_t i = 0; i < part; i++)
            if (memcmp(block + i * size, first, size) != 0)
                return false;
    }
    return true;
}

static void print_elements(struct strbuf *out, const struct tensor *t, uint64_t count) {
    uint8_t block[READ_BLOCK * ELEMENT_MAX];
    for (uint64_t done = 0; done < count; done += READ_BLOCK) {
        uint64_t part = count - done < READ_BLOCK ? count - done : READ_BLOCK;
        tensor_read(t, done, part, block);
        for (uint64_t i = 0; i < part; i++) {
            strbuf_puts(out, done + i > 0 ? ", " : "");
            print_element(out, t->type, block, i);
        }
    }
}

static void print_constant(struct printer *p, const struct tensor *t) {
    uint64_t count = tensor_count(t);
    strbuf_puts(p->out, " = ");
    if (count > 0 && is_uniform(t, count)) {
        print_elements(p->out, t, 1);
        return;
    }
    bool all = p->full || count <= SHORT_COUNT;
    strbuf_putc(p->out, '[');
    print_elements(p->out, t, all ? count : SHORT_SHOWN);
    strbuf_puts(p->out, all ? "]" : ", ...]");
}

// --- attributes ---------------------------------------------------------------------------------

static void print_graph(struct printer *p, struct graph *g);

static void print_floats(struct strbuf *out, struct floats list) {
    strbuf_putc(out, '[');
    for (uint32_t i = 0; i < list.count; i++) {
        strbuf_puts(out, i > 0 ? "," : "");
        strbuf_float(out, list.data[i]);
    }
    strbuf_putc(out, ']');
}

static void print_ints(struct strbuf *out, struct ints list) {
    strbuf_putc(out, '[');
    for (uint32_t i = 0; i < list.count; i++)
        strbuf_printf(out, "%s%" PRId64, i > 0 ? "," : "", list.data[i]);
    strbuf_putc(out, ']');
}

static void print_free(struct strbuf *out, const struct free_attr *a) {
    strbuf_putc(out, '{');
    for (bool first = true; a != NULL; a = a->next, first = false) {
        strbuf_puts(out, first ? "" : ", ");
        print_word(out, a->name);
        strbuf_putc(out, '=');
        print_quoted(out, a->value);
    }
    strbuf_putc(out, '}');
}

static void print_body(struct printer *p, struct graph *body) {
    strbuf_puts(p->out, "{\n");
    p->depth++;
    print_graph(p, body);
    p->depth--;
    strbuf_printf(p->out, "%*s}", p->depth * 2, "");
}

static void print_value(struct printer *p, const struct attr_def *row, const void *field) {
    struct strbuf *out = p->out;
    switch (row->kind) {
    case ATTR_INT:
        strbuf_printf(out, "%" PRId64, *(const int64_t *)field);
        break;
    case ATTR_FLOAT:
        strbuf_float(out, *(const float *)field);
        break;
    case ATTR_BOOL:
        strbuf_puts(out, *(const bool *)field ? "true" : "false");
        break;
    case ATTR_ENUM:
        print_word(out, row->allowed[*(const int *)field]);
        break;
    case ATTR_STRING:
        print_quoted(out, *(const char *const *)field);
        break;
    case ATTR_INTS:
        print_ints(out, *(const struct ints *)field);
        break;
    case ATTR_FLOATS:
        print_floats(out, *(const struct floats *)field);
        break;
    case ATTR_TYPE:
        print_type(out, *(const enum dtype *)field);
        break;
    case ATTR_SHAPE:
        strbuf_puts(out, shape_text(p->arena, field));
        break;
    case ATTR_GRAPH:
        print_body(p, *(struct graph *const *)field);
        break;
    case ATTR_FREE:
        print_free(out, *(struct free_attr *const *)field);
        break;
    }
}

static void print_attrs(struct printer *p, const struct node *n) {
    bool any = false;
    for (uint32_t i = 0; i < n->op->attr_count; i++) {
        const struct attr_def *row = &n->op->attrs[i];
        if (attr_is_default(row, n->attrs))
            continue;
        strbuf_printf(p->out, "%s%s=", any ? ", " : " {", row->name);
        print_value(p, row, attr_field_of(row, n->attrs));
        any = true;
    }
    if (any)
        strbuf_putc(p->out, '}');
}

// --- nodes --------------------------------------------------------------------------------------

static void print_inputs(struct printer *p, const struct node *n) {
    strbuf_putc(p->out, '(');
    for (uint32_t i = 0; i < n->input_count; i++) {
        const struct value *v = n->inputs[i].value;
        strbuf_puts(p->out, i > 0 ? ", " : "");
        if (v == NULL) {
            strbuf_putc(p->out, '-');
            continue;
        }
        print_handle(p, v->producer);
        if (v->index > 0)
            strbuf_printf(p->out, ":%" PRIu32, v->index);
    }
    strbuf_putc(p->out, ')');
}

static void print_outputs(struct printer *p, const struct node *n) {
    if (n->output_count == 0 && n->op->outputs == PORTS_VARIADIC)
        strbuf_puts(p->out, " : none");
    for (uint32_t i = 0; i < n->output_count; i++) {
        const struct value *v = &n->outputs[i];
        strbuf_puts(p->out, i > 0 ? ", " : " : ");
        if (v->poison) {
            strbuf_puts(p->out, "poison");
        } else {
            print_type(p->out, v->type);
            strbuf_puts(p->out, shape_text(p->arena, &v->shape));
        }
        for (const struct source_name *s = v->names; s != NULL; s = s->next) {
            strbuf_puts(p->out, s == v->names ? " (" : ", ");
            print_quoted(p->out, s->name);
        }
        strbuf_puts(p->out, v->names != NULL ? ")" : "");
    }
}

static void print_node(struct printer *p, const struct node *n) {
    strbuf_printf(p->out, "%*s", p->depth * 2, "");
    print_handle(p, n);
    strbuf_printf(p->out, " = %s", n->op->name);
    print_inputs(p, n);
    print_attrs(p, n);
    print_outputs(p, n);
    if (n->op == &op_Constant && n->outputs[0].constant != NULL)
        print_constant(p, n->outputs[0].constant);
    strbuf_putc(p->out, '\n');
}

static void count_twins(struct printer *p, struct node **order, uint32_t count) {
    struct names *seen = names_new(p->arena);
    for (uint32_t i = 0; i < count; i++) {
        uintptr_t *printed = (uintptr_t *)names_slot(seen, order[i]->name);
        p->twin[order[i]->id] = (uint32_t)(*printed)++;
    }
}

// The list is said only when it is not the order in which its nodes stand.
static void print_list(struct printer *p, const char *word, const struct node_list *list,
                       struct node **order, uint32_t count) {
    uint32_t next = 0;
    for (uint32_t i = 0; i < count && next < list->count; i++)
        if (order[i] == list->items[next])
            next++;
    if (next == list->count)
        return;
    strbuf_printf(p->out, "%*s%s", p->depth * 2, "", word);
    for (uint32_t i = 0; i < list->count; i++) {
        strbuf_puts(p->out, i > 0 ? ", " : " ");
        print_handle(p, list->items[i]);
    }
    strbuf_putc(p->out, '\n');
}

static void print_graph(struct printer *p, struct graph *g) {
    uint32_t count, *outer_twin = p->twin;
    struct node **order = graph_order(g, &count);
    p->twin = arena_array_of(p->arena, g->next_id + 1, uint32_t);
    count_twins(p, order, count);
    if (g->name != NULL && g->name[0] != '\0') {
        strbuf_printf(p->out, "%*sgraph ", p->depth * 2, "");
        print_quoted(p->out, g->name);
        strbuf_putc(p->out, '\n');
    }
    if (g->channels_last)
        strbuf_printf(p->out, "%*schannels_last\n", p->depth * 2, "");
    for (uint32_t i = 0; i < count; i++)
        print_node(p, order[i]);
    print_list(p, "parameters", &g->parameters, order, count);
    print_list(p, "results", &g->results, order, count);
    p->twin = outer_twin;
}

void graph_print(struct graph *g, struct strbuf *out, bool full) {
    struct printer p = {.out = out, .arena = arena_new(), .full = full};
    print_graph(&p, g);
    arena_free(p.arena);
}
