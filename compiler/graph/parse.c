// SPDX-License-Identifier: Apache-2.0
// The text form, read. Grammar and meaning: README.md in this folder.
#include <inttypes.h>
#include <string.h>

#include "compiler/base/limits.h"
#include "compiler/base/names.h"
#include "compiler/base/suggest.h"
#include "compiler/graph/lex.h"
#include "compiler/graph/op.h"
#include "compiler/graph/parse_tensor.h"

struct twins { // nodes of one name, in the order in which they stand
    struct node *node;
    struct twins *next;
};

struct parser {
    struct lexer lex;
    struct arena *arena;
    struct diag *diag;
    uint64_t nodes, depth;
};

// What is being read: a graph and the names that may be referred to in it.
struct scope {
    struct graph *graph;
    struct names *nodes; // name -> struct twins
};

static bool parse_graph(struct parser *p, struct scope *scope, const char *end);

// --- types, shapes, names -----------------------------------------------------------------------

static bool parse_type(struct parser *p, enum dtype *out) {
    struct lexer *l = &p->lex;
    *out = DT_UNKNOWN;
    if (lex_accept(l, "?"))
        return true;
    *out = dtype_from_opset_name(l->now.text);
    if (l->now.kind != TOKEN_WORD || *out == DT_UNKNOWN)
        return lex_error(l, "expected an element type, found '%s'", l->now.text);
    lex_next(l);
    return true;
}

static bool parse_dim(struct parser *p, int64_t *out) {
    struct lexer *l = &p->lex;
    *out = DIM_UNKNOWN;
    if (lex_accept(l, "?"))
        return true;
    struct place place = l->now.place;
    if (!lex_i64(l, out))
        return false;
    return *out >= 0 || lex_error_at(l, &place, "a dimension cannot be negative");
}

static bool parse_shape(struct parser *p, struct shape *out) {
    struct lexer *l = &p->lex;
    *out = SHAPE_UNKNOWN;
    if (!lex_expect(l, "["))
        return false;
    if (lex_accept(l, "..."))
        return lex_expect(l, "]");
    out->rank = 0;
    while (!lex_accept(l, "]")) {
        if (out->rank > 0 && !lex_expect(l, ","))
            return false;
        if (out->rank == SHAPE_MAX_RANK)
            return lex_error(l, "more than %d dimensions", SHAPE_MAX_RANK);
        if (!parse_dim(p, &out->dims[out->rank++]))
            return false;
    }
    return true;
}

static struct node *find_twin(const struct scope *scope, const char *name, uint32_t twin) {
    struct twins *t = names_find(scope->nodes, name);
    for (; t != NULL && twin > 0; twin--)
        t = t->next;
    return t != NULL ? t->node : NULL;
}

static void add_twin(struct parser *p, struct scope *scope, struct node *n) {
    struct twins **end = (struct twins **)names_slot(scope->nodes, n->name);
    while (*end != NULL)
        end = &(*end)->next;
    *end = arena_new_of(p->arena, struct twins);
    (*end)->node = n;
}

static bool parse_node_reference(struct parser *p, const struct scope *scope, struct node **out) {
    struct lexer *l = &p->lex;
    struct token token = l->now;
    const char *name;
    if (!lex_name(l, &name))
        return false;
    *out = find_twin(scope, name, token.twin);
    return *out != NULL || lex_error_at(l, &token.place, "no node '%s' stands above", name);
}

static bool parse_value_reference(struct parser *p, const struct scope *scope, struct value **out) {
    struct lexer *l = &p->lex;
    struct place place = l->now.place;
    struct node *n;
    uint64_t index = 0;
    *out = NULL;
    if (lex_accept(l, "-"))
        return true;
    if (!parse_node_reference(p, scope, &n))
        return false;
    if (lex_accept(l, ":") && !lex_u64(l, &index))
        return false;
    if (index >= n->output_count)
        return lex_error_at(l, &place, "'%s' has no output %" PRIu64, n->name, index);
    *out = &n->outputs[index];
    return true;
}

// --- attributes ---------------------------------------------------------------------------------

static bool parse_ints(struct parser *p, struct ints *out) {
    struct lexer *l = &p->lex;
    int64_t *data = NULL;
    uint32_t count = 0, capacity = 0;
    if (!lex_expect(l, "["))
        return false;
    while (!lex_accept(l, "]")) {
        if (count > 0 && !lex_expect(l, ","))
            return false;
        ARENA_ROOM(p->arena, data, count, &capacity);
        if (!lex_i64(l, &data[count++]))
            return false;
    }
    *out = (struct ints){.data = data, .count = count};
    return true;
}

static bool parse_floats(struct parser *p, struct floats *out) {
    struct lexer *l = &p->lex;
    float *data = NULL;
    uint32_t count = 0, capacity = 0;
    if (!lex_expect(l, "["))
        return false;
    while (!lex_accept(l, "]")) {
        if (count > 0 && !lex_expect(l, ","))
            return false;
        ARENA_ROOM(p->arena, data, count, &capacity);
        if (!lex_f32(l, &data[count++]))
            return false;
    }
    *out = (struct floats){.data = data, .count = count};
    return true;
}

static bool parse_bool(struct parser *p, bool *out) {
    *out = lex_is(&p->lex, "true");
    if (!*out && !lex_is(&p->lex, "false"))
        return lex_error(&p->lex, "expected true or false, found '%s'", p->lex.now.text);
    lex_next(&p->lex);
    return true;
}

static bool parse_enum(struct parser *p, const struct attr_def *row, int *out) {
    struct place place = p->lex.now.place;
    const char *name;
    if (!lex_name(&p->lex, &name))
        return false;
    for (*out = 0; row->allowed[*out] != NULL; ++*out)
        if (strcmp(row->allowed[*out], name) == 0)
            return true;
    return lex_error_at(&p->lex, &place, "'%s' is no value of '%s'", name, row->name);
}

static bool parse_free(struct parser *p, struct free_attr **out) {
    struct lexer *l = &p->lex;
    if (!lex_expect(l, "{"))
        return false;
    for (bool first = true; !lex_accept(l, "}"); first = false) {
        struct free_attr *a = arena_new_of(p->arena, struct free_attr);
        if (!first && !lex_expect(l, ","))
            return false;
        if (!lex_name(l, &a->name) || !lex_expect(l, "=") || !lex_string(l, &a->value))
            return false;
        *out = a;
        out = &a->next;
    }
    return true;
}

static struct scope scope_new(struct parser *p, const char *name) {
    return (struct scope){.graph = graph_new(p->arena, p->diag, name),
                          .nodes = names_new(p->arena)};
}

static bool parse_body(struct parser *p, struct graph *outer, struct graph **out) {
    struct scope scope = scope_new(p, "");
    scope.graph->outer = outer;
    *out = scope.graph;
    if (++p->depth > limits.nesting)
        return lex_error(&p->lex, "graphs are nested too deeply");
    bool fine = lex_expect(&p->lex, "{") && parse_graph(p, &scope, "}") && lex_expect(&p->lex, "}");
    p->depth--;
    return fine;
}

static bool parse_attr_value(struct parser *p, struct node *n, const struct attr_def *row) {
    void *field = attr_field(row, n->attrs);
    switch (row->kind) {
    case ATTR_INT:
        return lex_i64(&p->lex, field);
    case ATTR_FLOAT:
        return lex_f32(&p->lex, field);
    case ATTR_BOOL:
        return parse_bool(p, field);
    case ATTR_ENUM:
        return parse_enum(p, row, field);
    case ATTR_STRING:
        return lex_string(&p->lex, field);
    case ATTR_INTS:
        return parse_ints(p, field);
    case ATTR_FLOATS:
        return parse_floats(p, field);
    case ATTR_TYPE:
        return parse_type(p, field);
    case ATTR_SHAPE:
        return parse_shape(p, field);
    case ATTR_GRAPH:
        return parse_body(p, n->graph, field);
    case ATTR_FREE:
        return parse_free(p, field);
    }
    return false;
}

static bool unknown_attr(struct parser *p, const struct op_def *op, const struct token *token) {
    const char **known = arena_array_of(p->arena, op->attr_count + 1, const char *);
    for (uint32_t i = 0; i < op->attr_count; i++)
        known[i] = op->attrs[i].name;
    const char *near = suggest(token->text, known, op->attr_count);
    if (near == NULL)
        return lex_error_at(&p->lex, &token->place, "%s has no attribute '%s'", op->name,
                            token->text);
    return lex_error_at(&p->lex, &token->place, "%s has no attribute '%s', did you mean '%s'?",
                        op->name, token->text, near);
}

static bool parse_attrs(struct parser *p, struct node *n) {
    struct lexer *l = &p->lex;
    if (!lex_accept(l, "{"))
        return true;
    for (bool first = true; !lex_accept(l, "}"); first = false) {
        const char *name;
        if (!first && !lex_expect(l, ","))
            return false;
        struct token token = l->now;
        if (!lex_name(l, &name))
            return false;
        const struct attr_def *row = op_find_attr(n->op, name);
        if (row == NULL)
            return unknown_attr(p, n->op, &token);
        if (!lex_expect(l, "=") || !parse_attr_value(p, n, row))
            return false;
    }
    return true;
}

// --- nodes --------------------------------------------------------------------------------------

struct declared { // what stands behind the colon
    enum dtype type;
    struct shape shape;
    bool poison;
    struct source_name *names;
    struct place place;
    struct declared *next;
};

static bool parse_source_names(struct parser *p, struct source_name **out) {
    struct lexer *l = &p->lex;
    if (!lex_accept(l, "("))
        return true;
    do {
        *out = arena_new_of(p->arena, struct source_name);
        if (!lex_string(l, &(*out)->name))
            return false;
        out = &(*out)->next;
    } while (lex_accept(l, ","));
    return lex_expect(l, ")");
}

// *count is 1 when nothing is declared, and 0 for ": none".
static bool parse_declared(struct parser *p, struct declared **out, uint32_t *count) {
    struct lexer *l = &p->lex;
    *count = lex_is(l, ":") ? 0 : 1;
    if (!lex_accept(l, ":") || lex_accept(l, "none"))
        return !l->failed;
    do {
        struct declared *d = arena_new_of(p->arena, struct declared);
        d->place = l->now.place;
        d->poison = lex_accept(l, "poison");
        if (!d->poison && (!parse_type(p, &d->type) || !parse_shape(p, &d->shape)))
            return false;
        if (!parse_source_names(p, &d->names))
            return false;
        *out = d;
        out = &d->next;
        ++*count;
    } while (lex_accept(l, ","));
    return true;
}

static const char *type_text(struct parser *p, enum dtype type, const struct shape *shape) {
    return arena_printf(p->arena, "%s%s", type == DT_UNKNOWN ? "?" : dtype_opset_name(type),
                        shape_text(p->arena, shape));
}

// The declared outputs are what the shape rule found.
static bool check_declared(struct parser *p, struct node *n, const struct declared *d) {
    for (uint32_t i = 0; d != NULL; d = d->next, i++) {
        struct value *v = &n->outputs[i];
        for (const struct source_name *s = d->names; s != NULL; s = s->next)
            value_add_name(v, s->name);
        if (d->poison != v->poison)
            return lex_error_at(&p->lex, &d->place, "'%s' is %spoison", n->name,
                                v->poison ? "" : "not ");
        if (!d->poison && (d->type != v->type || !shape_equal(&d->shape, &v->shape)))
            return lex_error_at(&p->lex, &d->place, "output %" PRIu32 " of '%s' is %s, not %s", i,
                                n->name, type_text(p, v->type, &v->shape),
                                type_text(p, d->type, &d->shape));
    }
    return true;
}

static bool parse_constant(struct parser *p, struct node *n, const struct declared *d) {
    if (d == NULL || d->poison)
        return lex_error(&p->lex, "a constant has one output with type and shape");
    if (!lex_expect(&p->lex, "=") ||
        !parse_tensor(&p->lex, d->type, d->shape, &n->outputs[0].constant))
        return false;
    return true;
}

static bool parse_inputs(struct parser *p, const struct scope *scope, struct node *n) {
    struct lexer *l = &p->lex;
    if (!lex_expect(l, "("))
        return false;
    while (!lex_accept(l, ")")) {
        struct value *v;
        if (n->input_count > 0 && !lex_expect(l, ","))
            return false;
        if (!parse_value_reference(p, scope, &v))
            return false;
        node_add_input(n, v);
    }
    return true;
}

static bool parse_outputs(struct parser *p, struct node *n, const struct place *place) {
    struct declared *declared = NULL;
    uint32_t count, problems = diag_count(p->diag, DIAG_FAILED);
    if (!parse_declared(p, &declared, &count))
        return false;
    uint32_t made = n->op->outputs == PORTS_VARIADIC ? count : n->op->outputs;
    if (declared != NULL && count != made)
        return lex_error_at(&p->lex, place, "%s has %" PRIu32 " outputs", n->op->name, made);
    node_set_output_count(n, made);
    if (n->op == &op_Constant && !parse_constant(p, n, declared))
        return false;
    if (n->op == &op_Poison)
        n->outputs[0].poison = true;
    else if (!node_finish(n) && diag_count(p->diag, DIAG_FAILED) > problems)
        p->lex.failed = true; // the shape rule has said why
    return !p->lex.failed && check_declared(p, n, declared);
}

static bool unknown_op(struct parser *p, const struct token *token) {
    const char *near = op_suggest(token->text);
    if (near == NULL)
        return lex_error_at(&p->lex, &token->place, "no operator is called '%s'", token->text);
    return lex_error_at(&p->lex, &token->place, "no operator is called '%s', did you mean '%s'?",
                        token->text, near);
}

static bool parse_node(struct parser *p, struct scope *scope) {
    struct lexer *l = &p->lex;
    struct place place = l->now.place;
    const char *name, *type;
    if (!lex_name(l, &name) || !lex_expect(l, "="))
        return false;
    struct token type_token = l->now;
    if (!lex_name(l, &type))
        return false;
    const struct op_def *op = op_find(type);
    if (op == NULL)
        return unknown_op(p, &type_token);
    if (++p->nodes > limits.nodes)
        return lex_error_at(l, &place, "too many nodes");
    struct node *n = node_new(scope->graph, op, name, &place);
    n->place.layer = name;
    n->place.layer_type = op->name;
    if (!parse_inputs(p, scope, n) || !parse_attrs(p, n) || !parse_outputs(p, n, &place))
        return false;
    add_twin(p, scope, n);
    return true;
}

// --- graphs -------------------------------------------------------------------------------------

// "parameters b, a": the order of the source model's inputs where it is not that of the nodes.
static bool parse_list(struct parser *p, const struct scope *scope, struct node_list *list) {
    uint32_t count = list->count;
    struct node_list said = {0};
    struct place place = p->lex.now.place;
    do {
        struct node *n;
        bool listed = false;
        if (!parse_node_reference(p, scope, &n))
            return false;
        for (uint32_t i = 0; i < count; i++)
            listed = listed || list->items[i] == n;
        for (uint32_t i = 0; i < said.count; i++)
            listed = listed && said.items[i] != n;
        if (!listed)
            return lex_error_at(&p->lex, &place, "'%s' cannot stand in this list", n->name);
        node_list_add(p->arena, &said, n);
    } while (lex_accept(&p->lex, ","));
    if (said.count != count)
        return lex_error_at(&p->lex, &place, "the list names %" PRIu32 " nodes of %" PRIu32,
                            said.count, count);
    *list = said;
    return true;
}

// A word that begins a node is followed by "=".
static bool accept_keyword(struct lexer *l, const char *word) {
    if (l->now.kind != TOKEN_WORD || !lex_is(l, word))
        return false;
    const char *next = l->at + strspn(l->at, " \t\r\n");
    if (*next == '=')
        return false;
    lex_next(l);
    return true;
}

static bool parse_graph(struct parser *p, struct scope *scope, const char *end) {
    struct lexer *l = &p->lex;
    struct graph *g = scope->graph;
    if (accept_keyword(l, "graph") && !lex_name(l, &g->name))
        return false;
    g->channels_last = accept_keyword(l, "channels_last");
    while (l->now.kind != TOKEN_END && !(end != NULL && lex_is(l, end))) {
        bool fine;
        if (accept_keyword(l, "parameters"))
            fine = parse_list(p, scope, &g->parameters);
        else if (accept_keyword(l, "results"))
            fine = parse_list(p, scope, &g->results);
        else
            fine = parse_node(p, scope);
        if (!fine)
            return false;
    }
    return !l->failed;
}

struct graph *graph_parse(struct arena *arena, struct diag *diag, const char *file,
                          struct slice text) {
    struct parser p = {.arena = arena, .diag = diag};
    struct scope scope = scope_new(&p, "");
    lex_start(&p.lex, arena, diag, file, text);
    return parse_graph(&p, &scope, NULL) ? scope.graph : NULL;
}
