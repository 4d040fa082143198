// SPDX-License-Identifier: Apache-2.0
#include "frontends/tf/variables.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/base/names.h"
#include "frontends/tf/layers.h"
#include "frontends/wire/wire.h"

struct restore { // how the graph itself restores a variable; each of its savers may do it otherwise
    const char *name;
    const char *part; // as text; "" is the whole
    bool ours;        // by the saver that wrote the checkpoint, as its MetaGraph says
    struct restore *next;
};

struct look { // at the inputs of a node
    uint32_t node, next;
};

struct freezing {
    struct tf_graph *g;
    struct checkpoint *checkpoint;
    struct names *full_names;  // TensorFlow 2: a variable's name -> its key in the checkpoint
    struct names *partitioned; // name -> struct partitioned
    // By node, of variables alone.
    struct tf_edge *initial;
    struct restore **restores;
    const char *scope; // of the nodes of our saver, or NULL
    uint8_t *chance;   // whether a node's value comes of chance
    struct look *stack;
    uint32_t *seen; // by node: the walk that came by last
    uint32_t walk, looks;
};

static bool is_one_of(const struct tf_node *n, const char *const *ops) {
    for (; *ops != NULL; ops++)
        if (strcmp(n->op, *ops) == 0)
            return true;
    return false;
}

static bool is_variable(const struct tf_node *n) {
    static const char *const ops[] = {"Variable", "VariableV2", "VarHandleOp", NULL};
    return is_one_of(n, ops);
}

static bool hands_on(const struct tf_node *n) {
    static const char *const ops[] = {"Identity", "RefIdentity", "Switch", "RefSwitch",
                                      "Enter",    "RefEnter",    NULL};
    return is_one_of(n, ops);
}

// The node that an edge comes from, however often it is handed on; TF_NONE when that has no end.
static struct tf_edge origin(const struct tf_graph *g, struct tf_edge e) {
    enum { FARTHEST = 64 };
    for (int i = 0; i < FARTHEST && e.node != TF_NONE; i++) {
        const struct tf_node *n = &g->nodes[e.node];
        if (n->input_count == 0 || !(hands_on(n) || strcmp(n->op, "PartitionedCall") == 0))
            return e;
        e = n->inputs[e.output < n->input_count && !hands_on(n) ? e.output : 0];
    }
    return (struct tf_edge){TF_NONE, 0};
}

// --- how the graph restores its variables --------------------------------------------------------

// Element `index` of a constant of strings; NULL when there is none.
static const char *string_at(const struct tf_graph *g, struct tf_edge from, uint32_t index) {
    struct tf_edge e = origin(g, from);
    if (e.node == TF_NONE || strcmp(g->nodes[e.node].op, "Const") != 0)
        return NULL;
    const Tensorflow__AttrValue *v = tf_attr(&g->nodes[e.node], "value");
    if (v == NULL || v->tensor == NULL || index >= v->tensor->n_string_val)
        return NULL;
    const ProtobufCBinaryData *s = &v->tensor->string_val[index];
    return arena_strndup(g->arena, (const char *)s->data, s->len);
}

// False when `from` is no output of a node that restores.
static bool restored_by(const struct freezing *f, struct tf_edge from, struct restore *out) {
    static const char *const ops[] = {"RestoreV2", "RestoreSlice", "Restore", NULL};
    const struct tf_graph *g = f->g;
    struct tf_edge e = origin(g, from);
    if (e.node == TF_NONE || !is_one_of(&g->nodes[e.node], ops))
        return false;
    const struct tf_node *n = &g->nodes[e.node];
    *out = (struct restore){.part = ""};
    out->ours = f->scope != NULL && strncmp(n->name, f->scope, strlen(f->scope)) == 0;
    if (n->input_count > 1)
        out->name = string_at(g, n->inputs[1], e.output);
    if (n->input_count > 2)
        out->part = string_at(g, n->inputs[2], e.output);
    return true;
}

// Whether a value is computed from the variable that it is assigned to: then it is what a run
// leaves, not what the variable begins with.
static bool comes_from(struct freezing *f, struct tf_edge value, uint32_t variable) {
    enum { LOOKS_MAX = 1 << 22 }; // for all variables together
    uint32_t depth = 0;
    f->walk++;
    f->stack[depth++] = (struct look){value.node, 0};
    while (depth > 0 && value.node != TF_NONE && f->looks < LOOKS_MAX) {
        struct look *top = &f->stack[depth - 1];
        const struct tf_node *n = &f->g->nodes[top->node];
        uint32_t source = top->next < n->input_count ? n->inputs[top->next++].node : TF_NONE;
        f->looks++;
        if (top->node == variable || source == variable)
            return true;
        if (top->next >= n->input_count && source == TF_NONE)
            depth--;
        if (source == TF_NONE || f->seen[source] == f->walk)
            continue;
        f->seen[source] = f->walk;
        f->stack[depth++] = (struct look){source, 0};
    }
    return f->looks >= LOOKS_MAX;
}

// Ours first, the others in the file's order.
static void add_restore(struct freezing *f, uint32_t variable, const struct restore *restore) {
    struct restore **at = &f->restores[variable];
    while (*at != NULL && (!restore->ours || (*at)->ours))
        at = &(*at)->next;
    struct restore *made = arena_copy(f->g->arena, restore, sizeof *restore);
    made->next = *at;
    *at = made;
}

static void look_at_assignment(struct freezing *f, const struct tf_node *n) {
    struct restore restore;
    struct tf_edge to = origin(f->g, n->inputs[0]);
    if (to.node == TF_NONE || !is_variable(&f->g->nodes[to.node]))
        return;
    if (restored_by(f, n->inputs[1], &restore)) {
        if (restore.name != NULL && restore.part != NULL)
            add_restore(f, to.node, &restore);
    } else if (f->initial[to.node].node == TF_NONE && !comes_from(f, n->inputs[1], to.node)) {
        f->initial[to.node] = n->inputs[1];
    }
}

static bool is_assignment(const struct tf_node *n) {
    static const char *const ops[] = {"Assign", "AssignVariableOp", NULL};
    return n->input_count == 2 && is_one_of(n, ops);
}

static void look_at_assignments(struct freezing *f) {
    for (uint32_t i = 0; i < f->g->count; i++)
        f->initial[i].node = TF_NONE;
    for (uint32_t i = 0; i < f->g->count; i++)
        if (is_assignment(&f->g->nodes[i]))
            look_at_assignment(f, &f->g->nodes[i]);
}

// "3 3 16 32 0,3:-:-:-": the shape of the whole, then START,LENGTH of each dimension.
static bool parse_part(const char *text, struct checkpoint_part *out) {
    const char *at = strrchr(text, ' ');
    out->rank = 0;
    if (at == NULL)
        return false;
    do {
        at++;
        if (out->rank == SHAPE_MAX_RANK)
            return false;
        int64_t *start = &out->start[out->rank], *length = &out->length[out->rank];
        char *end;
        *start = 0;
        *length = -1;
        out->rank++;
        if (*at == '-') {
            at++;
            continue;
        }
        *start = strtoll(at, &end, 10);
        if (end == at || *end != ',')
            return false;
        at = end + 1;
        *length = strtoll(at, &end, 10);
        if (end == at || *start < 0 || *start > DIM_MAX || *length < 0 || *length > DIM_MAX)
            return false;
        at = end;
    } while (*at == ':');
    return *at == '\0';
}

// --- names ---------------------------------------------------------------------------------------

// TensorFlow 2 names values after the objects that hold them, and lists which variable each is.
static bool read_full_names(struct freezing *f) {
    struct slice bytes = {0};
    if (f->checkpoint == NULL)
        return true;
    if (!checkpoint_read_string(f->checkpoint, "_CHECKPOINTABLE_OBJECT_GRAPH", &bytes))
        return false;
    if (bytes.data == NULL)
        return true;
    const Tensorflow__TrackableObjectGraph *objects =
        (const Tensorflow__TrackableObjectGraph *)(const void *)wire_unpack(
            f->g->arena, f->g->diag, checkpoint_path(f->checkpoint), bytes,
            &tensorflow__trackable_object_graph__descriptor);
    if (objects == NULL)
        return false;
    f->full_names = names_new(f->g->arena);
    for (size_t i = 0; i < objects->n_nodes; i++)
        for (size_t k = 0; k < objects->nodes[i]->n_attributes; k++) {
            const Tensorflow__TrackableObjectGraph__Object__Attribute *a =
                objects->nodes[i]->attributes[k];
            if (a->full_name != NULL && a->checkpoint_key != NULL)
                *names_slot(f->full_names, a->full_name) = a->checkpoint_key;
        }
    return true;
}

static bool find_by_name(struct freezing *f, const char *name,
                         const struct checkpoint_tensor **out) {
    *out = NULL;
    if (name == NULL || *name == '\0')
        return true;
    if (!checkpoint_find(f->checkpoint, name, out))
        return false;
    const char *key =
        *out == NULL && f->full_names != NULL ? names_find(f->full_names, name) : NULL;
    return key == NULL || checkpoint_find(f->checkpoint, key, out);
}

struct partitioned { // a variable in parts NAME/part_0, NAME/part_1, ...
    uint32_t next;   // number of the part that must come next
    int64_t start[SHAPE_MAX_RANK];
};

// "NAME/part_3": NAME and 3.
static const char *split_part(struct arena *arena, const char *name, uint32_t *number) {
    const char *slash = strrchr(name, '/');
    if (slash == NULL || strncmp(slash, "/part_", 6) != 0 || slash[6] == '\0')
        return NULL;
    *number = 0;
    for (const char *c = slash + 6; *c != '\0'; c++) {
        if (*c < '0' || *c > '9' || *number > UINT16_MAX)
            return NULL;
        *number = *number * 10 + (uint32_t)(*c - '0');
    }
    return arena_strndup(arena, name, (size_t)(slash - name));
}

static bool shape_of(const struct tf_node *n, struct shape *out) {
    const Tensorflow__AttrValue *v = tf_attr(n, "shape");
    *out = SHAPE_UNKNOWN;
    return v != NULL && v->shape != NULL && tf_shape(v->shape, out) && shape_is_static(out);
}

// Parts follow one another along the one axis in which they are smaller than the whole.
static bool find_part(struct freezing *f, const struct tf_node *n, struct tf_stored *v) {
    uint32_t number;
    struct shape shape;
    const char *name = split_part(f->g->arena, n->name, &number);
    if (name == NULL || !shape_of(n, &shape))
        return true;
    if (!find_by_name(f, name, &v->tensor))
        return false;
    struct partitioned **slot = (struct partitioned **)names_slot(f->partitioned, name);
    if (*slot == NULL)
        *slot = arena_new_of(f->g->arena, struct partitioned);
    if (v->tensor == NULL || (*slot)->next != number || v->tensor->shape.rank != shape.rank) {
        v->tensor = NULL;
        return true;
    }
    (*slot)->next++;
    v->in_part = true;
    v->part.rank = shape.rank;
    for (int32_t i = 0; i < shape.rank; i++) {
        bool whole = shape.dims[i] == v->tensor->shape.dims[i];
        v->part.start[i] = whole ? 0 : (*slot)->start[i];
        v->part.length[i] = shape.dims[i];
        (*slot)->start[i] += shape.dims[i];
    }
    return true;
}

// The only part of a variable is the variable: it has its name, as in a graph without parts.
static void drop_part(struct freezing *f, struct tf_node *n, struct tf_stored *v) {
    uint32_t number;
    const char *name = split_part(f->g->arena, n->name, &number);
    for (int32_t i = 0; v->in_part && i < v->part.rank; i++)
        if (v->part.length[i] >= 0 && v->part.length[i] != v->tensor->shape.dims[i])
            return;
    if (v->in_part && name != NULL)
        n->name = name;
}

// --- what comes of chance ------------------------------------------------------------------------

static bool is_random(const struct tf_node *n) {
    return strncmp(n->op, "Random", 6) == 0 || strstr(n->op, "TruncatedNormal") != NULL ||
           strncmp(n->op, "StatelessRandom", 15) == 0 || strcmp(n->op, "Multinomial") == 0;
}

enum { UNSEEN, CERTAIN, CHANCE };

// Depth first without recursion; what is met again while it is looked at counts as certain.
static bool comes_of_chance(struct freezing *f, uint32_t start) {
    uint32_t depth = 0;
    if (f->chance[start] == UNSEEN) {
        f->chance[start] = is_random(&f->g->nodes[start]) ? CHANCE : CERTAIN;
        f->stack[depth++] = (struct look){start, 0};
    }
    while (depth > 0) {
        struct look *v = &f->stack[depth - 1];
        const struct tf_node *n = &f->g->nodes[v->node];
        if (v->next == n->input_count || f->chance[v->node] == CHANCE) {
            depth--;
            if (depth > 0 && f->chance[v->node] == CHANCE)
                f->chance[f->stack[depth - 1].node] = CHANCE;
            continue;
        }
        uint32_t source = n->inputs[v->next++].node;
        if (source != TF_NONE && f->chance[source] == UNSEEN) {
            f->chance[source] = is_random(&f->g->nodes[source]) ? CHANCE : CERTAIN;
            f->stack[depth++] = (struct look){source, 0};
        } else if (source != TF_NONE && f->chance[source] == CHANCE) {
            f->chance[v->node] = CHANCE;
        }
    }
    return f->chance[start] == CHANCE;
}

// --- variables -----------------------------------------------------------------------------------

static bool find_restored(struct freezing *f, const struct restore *r, struct tf_stored *v) {
    if (!find_by_name(f, r->name, &v->tensor))
        return false;
    if (v->tensor != NULL && *r->part != '\0') {
        v->in_part = parse_part(r->part, &v->part) && v->part.rank == v->tensor->shape.rank;
        if (!v->in_part)
            v->tensor = NULL;
    }
    return true;
}

static bool find_stored(struct freezing *f, uint32_t node, struct tf_stored *v) {
    const struct tf_node *n = &f->g->nodes[node];
    const char *shared = tf_attr_text(f->g->arena, n, "shared_name", "");
    for (const struct restore *r = f->restores[node]; r != NULL && v->tensor == NULL; r = r->next)
        if (!find_restored(f, r, v))
            return false;
    return (v->tensor != NULL || find_by_name(f, n->name, &v->tensor)) &&
           (v->tensor != NULL || find_by_name(f, shared, &v->tensor)) &&
           (v->tensor != NULL || find_part(f, n, v));
}

static struct shape stored_shape(const struct tf_stored *v) {
    struct shape shape = v->tensor->shape;
    for (int32_t i = 0; v->in_part && i < shape.rank; i++)
        if (v->part.length[i] >= 0)
            shape.dims[i] = v->part.length[i];
    return shape;
}

// NULL when the stored tensor is what the node declares.
static const char *misfit(const struct freezing *f, const struct tf_node *n,
                          const struct tf_stored *v) {
    struct shape declared, stored = stored_shape(v);
    enum dtype type = tf_attr_type(n, "dtype", DT_UNKNOWN);
    if (type != DT_UNKNOWN && type != tf_dtype(v->tensor->type))
        return "the checkpoint holds another type under its name";
    if (!shape_of(n, &declared) || shape_equal(&declared, &stored))
        return NULL;
    return arena_printf(f->g->arena, "the checkpoint holds the shape %s, the graph says %s",
                        shape_text(f->g->arena, &stored), shape_text(f->g->arena, &declared));
}

static void take_initial(struct freezing *f, uint32_t node, struct tf_stored *v) {
    struct tf_node *n = &f->g->nodes[node];
    const char *where =
        v->checkpoint == NULL ? "no checkpoint is given" : "the checkpoint does not have it";
    struct tf_edge initial = f->initial[node];
    if (initial.node == TF_NONE) {
        n->fault = arena_printf(f->g->arena, "%s, and nothing sets it", where);
    } else if (comes_of_chance(f, initial.node)) {
        n->fault = arena_printf(f->g->arena, "%s, and it begins with random numbers", where);
    } else {
        n->inputs = arena_new_of(f->g->arena, struct tf_edge);
        n->inputs[0] = initial;
        n->input_count = 1;
    }
}

static bool freeze_variable(struct freezing *f, uint32_t node) {
    struct tf_node *n = &f->g->nodes[node];
    struct tf_stored *v = arena_new_of(f->g->arena, struct tf_stored);
    v->checkpoint = f->checkpoint;
    n->stored = v;
    n->input_count = 0;
    if (f->checkpoint != NULL && !find_stored(f, node, v))
        return false;
    if (v->tensor != NULL)
        n->fault = misfit(f, n, v);
    else
        take_initial(f, node, v);
    if (v->tensor != NULL && n->fault == NULL) {
        n->op = "Const";
        drop_part(f, n, v);
    }
    return true;
}

// --- parts that are joined again -----------------------------------------------------------------

// TensorFlow's own node NAME/ConcatPartitions/concat, which joins all parts of a variable.
static const char *joined_name(const struct tf_graph *g, const struct tf_node *n) {
    static const char tail[] = "/ConcatPartitions/concat";
    size_t length = strlen(n->name), rest = sizeof tail - 1;
    return strcmp(n->op, "ConcatV2") == 0 && length > rest &&
                   strcmp(n->name + length - rest, tail) == 0
               ? arena_strndup(g->arena, n->name, length - rest)
               : NULL;
}

static const struct tf_stored *part_behind(const struct tf_graph *g, struct tf_edge input) {
    struct tf_edge e = origin(g, input);
    const struct tf_stored *v = e.node == TF_NONE ? NULL : g->nodes[e.node].stored;
    return v != NULL && v->tensor != NULL && v->in_part && g->nodes[e.node].fault == NULL ? v
                                                                                          : NULL;
}

// Whether its inputs but the last (the axis) are all parts of one tensor, in their order.
static const struct tf_stored *parts_of_whole(const struct tf_graph *g, const struct tf_node *n) {
    const struct tf_stored *first = n->input_count < 2 ? NULL : part_behind(g, n->inputs[0]);
    struct shape next = first == NULL ? shape_scalar() : first->tensor->shape;
    for (int32_t i = 0; i < next.rank; i++)
        next.dims[i] = 0;
    for (uint32_t k = 0; k + 1 < n->input_count; k++) {
        const struct tf_stored *v = part_behind(g, n->inputs[k]);
        if (v == NULL || v->tensor != first->tensor)
            return NULL;
        for (int32_t i = 0; i < next.rank; i++) {
            bool whole = v->part.length[i] == v->tensor->shape.dims[i] || v->part.length[i] < 0;
            if (v->part.start[i] != (whole ? 0 : next.dims[i]))
                return NULL;
            next.dims[i] = whole ? v->tensor->shape.dims[i] : next.dims[i] + v->part.length[i];
        }
    }
    return first != NULL && shape_equal(&next, &first->tensor->shape) ? first : NULL;
}

// What is made whole again is read as a whole, under the variable's name.
static void join_parts(struct tf_graph *g) {
    for (uint32_t i = 0; i < g->count; i++) {
        struct tf_node *n = &g->nodes[i];
        const char *name = joined_name(g, n);
        const struct tf_stored *part = name == NULL ? NULL : parts_of_whole(g, n);
        if (part == NULL)
            continue;
        struct tf_stored *whole = arena_copy(g->arena, part, sizeof *part);
        whole->in_part = false;
        n->name = name;
        n->op = "Const";
        n->stored = whole;
        n->input_count = 0;
    }
}

// --- the rest of the graph -----------------------------------------------------------------------

static const struct {
    const char *op, *when_read;
} changes[] = {{"AssignAdd", "Add"}, {"AssignSub", "Sub"}};

// What changes a variable gives the new value to whoever reads it.
static void settle_changes(struct tf_graph *g) {
    bool *read = arena_array_of(g->arena, g->count, bool);
    for (uint32_t i = 0; i < g->count; i++)
        for (uint32_t k = 0; k < g->nodes[i].input_count; k++)
            if (g->nodes[i].inputs[k].node != TF_NONE)
                read[g->nodes[i].inputs[k].node] = true;
    for (uint32_t i = 0; i < g->count; i++) {
        struct tf_node *n = &g->nodes[i];
        if (strcmp(n->op, "Assign") == 0 && n->input_count == 2)
            n->inputs[0] = n->inputs[1];
        for (size_t k = 0; k < sizeof changes / sizeof *changes; k++)
            if (read[i] && strcmp(n->op, changes[k].op) == 0)
                n->op = changes[k].when_read;
    }
}

static void settle_tests(struct tf_graph *g) {
    static const char *const ops[] = {"IsVariableInitialized", "VarIsInitializedOp", NULL};
    for (uint32_t i = 0; i < g->count; i++) {
        struct tf_node *n = &g->nodes[i];
        if (!is_one_of(n, ops))
            continue;
        n->op = "Const";
        n->frozen = tensor_splat(g->arena, DT_BOOL, shape_scalar(), 1);
        n->input_count = 0;
    }
}

bool tf_has_variables(const struct tf_graph *g) {
    for (uint32_t i = 0; i < g->count; i++)
        if (is_variable(&g->nodes[i]))
            return true;
    return false;
}

bool tf_freeze(struct tf_graph *g, struct checkpoint *c, const char *saver) {
    struct freezing f = {.g = g, .checkpoint = c};
    const char *slash = saver == NULL ? NULL : strrchr(saver, '/');
    if (slash != NULL)
        f.scope = arena_strndup(g->arena, saver, (size_t)(slash + 1 - saver));
    if (!tf_has_variables(g))
        return true;
    f.partitioned = names_new(g->arena);
    f.initial = arena_array_of(g->arena, g->count, struct tf_edge);
    f.restores = arena_array_of(g->arena, g->count, struct restore *);
    f.chance = arena_array_of(g->arena, g->count, uint8_t);
    f.stack = arena_array_of(g->arena, (size_t)g->count + 1, struct look);
    f.seen = arena_array_of(g->arena, g->count, uint32_t);
    look_at_assignments(&f);
    if (!read_full_names(&f))
        return false;
    for (uint32_t i = 0; i < g->count; i++)
        if (is_variable(&g->nodes[i]) && !freeze_variable(&f, i))
            return false;
    join_parts(g);
    settle_changes(g);
    settle_tests(g);
    return true;
}

const struct tensor *tf_stored_value(const struct tf_stored *v) {
    return checkpoint_read(v->checkpoint, v->tensor, v->in_part ? &v->part : NULL);
}

// --- as a layer ----------------------------------------------------------------------------------

// One that no checkpoint holds: it begins with its input.
void tf_variable(struct tf_layer *l) {
    const struct tf_stored *v = l->node->stored;
    if (v == NULL || l->node->fault != NULL || l->input_count == 0) {
        tf_fail(l, VARIABLE_UNKNOWN, l->name, l->node->fault);
        return;
    }
    if (v->checkpoint != NULL)
        diag_report(l->builder.graph->diag, &l->builder.place, VARIABLE_INITIAL, l->name,
                    checkpoint_path(v->checkpoint));
    l->outputs[0] = l->inputs[0];
}
