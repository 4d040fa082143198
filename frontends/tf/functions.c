// SPDX-License-Identifier: Apache-2.0
#include "frontends/tf/functions.h"

#include <string.h>

#include "compiler/base/limits.h"
#include "frontends/tf/functional.h"
#include "frontends/tf/layers.h"

struct frame { // a call that is inlined
    const Tensorflow__FunctionDef *function;
    const struct frame *outer;
    unsigned depth;
};

struct inlining {
    struct tf_graph *g;
    struct names *functions;     // name -> FunctionDef
    const struct frame **frames; // by node: the call whose body it is of
    uint32_t frame_capacity;
    size_t used; // of the arena, before
};

struct call {
    uint32_t node;
    const char *name; // of the call
    const Tensorflow__FunctionDef *function;
    Tensorflow__AttrEntry **attrs; // what the placeholders of the body stand for
    size_t attr_count;
    const struct tf_edge *inputs;
    uint32_t input_count;
    struct names *args;  // of the function: name -> place + 1
    struct names *nodes; // of the body: name -> index + 1
};

// --- which outputs names stand for ---------------------------------------------------------------

// Operators with several outputs, by the beginning of their names. All others have one, or one
// list.
static const struct {
    const char *op, *outputs;
} output_names[] = {
    {"FusedBatchNorm", "y batch_mean batch_variance reserve_space_1 reserve_space_2 "
                       "reserve_space_3"},
    {"Switch", "output_false output_true"},
    {"RefSwitch", "output_false output_true"},
    {"Merge", "output value_index"},
    {"RefMerge", "output value_index"},
    {"TopK", "values indices"},
    {"Unique", "y idx count"},
    {"MaxPoolWithArgmax", "output argmax"},
    {"LSTMBlockCell", "i cs f o ci co h"},
    {"BlockLSTM", "i cs f o ci co h"},
    {"GRUBlockCell", "r u c h"},
    {"CTCGreedyDecoder", "decoded_indices decoded_values decoded_shape log_probability"},
    {"NonMaxSuppressionV4", "selected_indices valid_outputs"},
    {"NonMaxSuppressionV5", "selected_indices selected_scores valid_outputs"},
    {"CombinedNonMaxSuppression", "nmsed_boxes nmsed_scores nmsed_classes valid_detections"},
    {"TensorArrayV3", "handle flow"},
    {"TensorListPopBack", "output_handle tensor"},
    {"ListDiff", "out idx"},
    {"SoftmaxCrossEntropyWithLogits", "loss backprop"},
    {"SparseSoftmaxCrossEntropyWithLogits", "loss backprop"},
};

// Place of a word in a list of words; 0 when it is not there.
static uint32_t place_of_word(const char *list, const char *word) {
    size_t length = strlen(word);
    for (uint32_t place = 0; *list != '\0'; place++) {
        size_t next = strcspn(list, " ");
        if (next == length && strncmp(list, word, length) == 0)
            return place;
        list += next + (list[next] == ' ');
    }
    return 0;
}

static const Tensorflow__AttrValue *bound(Tensorflow__AttrEntry *const *attrs, size_t count,
                                          const char *key) {
    for (size_t i = 0; i < count && key != NULL; i++)
        if (attrs[i]->key != NULL && strcmp(attrs[i]->key, key) == 0)
            return attrs[i]->value;
    return NULL;
}

// How many tensors an argument is.
static uint32_t width_of(const Tensorflow__OpDef__ArgDef *arg, Tensorflow__AttrEntry *const *attrs,
                         size_t count) {
    const Tensorflow__AttrValue *number = bound(attrs, count, arg->number_attr);
    const Tensorflow__AttrValue *types = bound(attrs, count, arg->type_list_attr);
    if (types != NULL && types->list != NULL)
        return (uint32_t)types->list->n_type;
    return number != NULL && number->has_i && number->i >= 0 && number->i < UINT16_MAX
               ? (uint32_t)number->i
               : 1;
}

// Name -> place of its first tensor among all, plus one.
static struct names *places_of_args(struct arena *arena, Tensorflow__OpDef__ArgDef *const *args,
                                    size_t count, Tensorflow__AttrEntry *const *attrs,
                                    size_t attr_count) {
    struct names *places = names_new(arena);
    uintptr_t place = 0;
    for (size_t i = 0; i < count; i++) {
        if (args[i]->name != NULL)
            *names_slot(places, args[i]->name) = (void *)(place + 1);
        place += width_of(args[i], attrs, attr_count);
    }
    return places;
}

static bool find_place(const struct names *places, const char *name, uint32_t *place) {
    uintptr_t found = (uintptr_t)names_find(places, name);
    *place = found == 0 ? 0 : (uint32_t)(found - 1);
    return found != 0;
}

static uint32_t place_of_output(const struct inlining *in, const struct tf_node *n,
                                const char *name) {
    const Tensorflow__FunctionDef *f = names_find(in->functions, n->op);
    uint32_t place;
    if (f != NULL) {
        find_place(places_of_args(in->g->arena, f->signature->output_arg,
                                  f->signature->n_output_arg, n->attrs, n->attr_count),
                   name, &place);
        return place;
    }
    for (size_t i = 0; i < sizeof output_names / sizeof *output_names; i++)
        if (strncmp(n->op, output_names[i].op, strlen(output_names[i].op)) == 0)
            return place_of_word(output_names[i].outputs, name);
    return 0;
}

// --- edges of a body -----------------------------------------------------------------------------

static uint32_t number_of(const char *text) {
    uint32_t value = 0;
    for (; *text >= '0' && *text <= '9' && value < UINT16_MAX; text++)
        value = value * 10 + (uint32_t)(*text - '0');
    return value;
}

// "ARGUMENT", "ARGUMENT:1", "NODE:OUTPUT", "NODE:OUTPUT:1".
static struct tf_edge body_edge(const struct inlining *in, const struct call *c, const char *text) {
    struct arena *arena = in->g->arena;
    struct tf_edge none = {TF_NONE, 0};
    const char *colon = strchr(text, ':'), *last = strrchr(text, ':');
    const char *name = colon == NULL ? text : arena_strndup(arena, text, (size_t)(colon - text));
    uint32_t index = last == NULL ? 0 : number_of(last + 1), place;
    if (find_place(c->args, name, &place))
        return place + index < c->input_count ? c->inputs[place + index] : none;
    uintptr_t found = (uintptr_t)names_find(c->nodes, name);
    if (found == 0)
        return none;
    uint32_t node = (uint32_t)(found - 1);
    if (colon == NULL)
        return (struct tf_edge){node, 0};
    const char *output =
        colon == last ? colon + 1 : arena_strndup(arena, colon + 1, (size_t)(last - colon - 1));
    place = place_of_output(in, &in->g->nodes[node], output);
    return (struct tf_edge){node, place + (colon == last ? 0 : index)};
}

// --- attributes of a body ------------------------------------------------------------------------

static Tensorflow__AttrEntry **bind_all(const struct inlining *in, const struct call *c,
                                        Tensorflow__AttrEntry **attrs, size_t count);

// The value with what the call says in the place of its placeholders.
static Tensorflow__AttrValue *bind(const struct inlining *in, const struct call *c,
                                   Tensorflow__AttrValue *value) {
    if (value == NULL)
        return value;
    if (value->placeholder != NULL && *value->placeholder != '\0') {
        const Tensorflow__AttrValue *said = bound(c->attrs, c->attr_count, value->placeholder);
        return said == NULL ? value : arena_copy(in->g->arena, said, sizeof *said);
    }
    if (value->func == NULL || value->func->n_attr == 0)
        return value;
    Tensorflow__AttrValue *copy = arena_copy(in->g->arena, value, sizeof *value);
    copy->func = arena_copy(in->g->arena, value->func, sizeof *value->func);
    copy->func->attr = bind_all(in, c, copy->func->attr, copy->func->n_attr);
    return copy;
}

static Tensorflow__AttrEntry **bind_all(const struct inlining *in, const struct call *c,
                                        Tensorflow__AttrEntry **attrs, size_t count) {
    Tensorflow__AttrEntry **out = arena_array_of(in->g->arena, count, Tensorflow__AttrEntry *);
    for (size_t i = 0; i < count; i++) {
        out[i] = attrs[i];
        Tensorflow__AttrValue *value = bind(in, c, attrs[i]->value);
        if (value == attrs[i]->value)
            continue;
        out[i] = arena_copy(in->g->arena, attrs[i], sizeof *attrs[i]);
        out[i]->value = value;
    }
    return out;
}

// --- inlining ------------------------------------------------------------------------------------

static uint32_t count_data_inputs(const Tensorflow__NodeDef *def) {
    uint32_t count = 0;
    for (size_t i = 0; i < def->n_input; i++)
        count += def->input[i][0] != '^';
    return count;
}

static void set_frame(struct inlining *in, uint32_t node, const struct frame *frame) {
    if (node >= in->frame_capacity) {
        uint32_t capacity = node * 2 + 16;
        const struct frame **all = arena_array_of(in->g->arena, capacity, const struct frame *);
        for (uint32_t i = 0; i < in->frame_capacity; i++)
            all[i] = in->frames[i];
        in->frames = all;
        in->frame_capacity = capacity;
    }
    in->frames[node] = frame;
}

static bool within(struct inlining *in, const char *what, uint64_t count, uint64_t limit) {
    if (count <= limit)
        return true;
    diag_report(in->g->diag, NULL, LIMIT, what, in->g->file,
                arena_printf(in->g->arena, "%llu", (unsigned long long)limit));
    return false;
}

// Small files can ask for much: twice as many nodes at each level, names that grow.
static bool within_bounds(struct inlining *in) {
    return within(in, "size with all functions inlined", arena_used(in->g->arena) - in->used,
                  limits.skeleton_bytes);
}

static void connect_body(struct inlining *in, const struct call *c, uint32_t first) {
    for (size_t i = 0; i < c->function->n_node_def; i++) {
        const Tensorflow__NodeDef *def = c->function->node_def[i];
        uint32_t at = 0;
        for (size_t k = 0; k < def->n_input; k++)
            if (def->input[k][0] != '^')
                in->g->nodes[first + i].inputs[at++] = body_edge(in, c, def->input[k]);
    }
}

// False after a report.
static bool add_body(struct inlining *in, struct call *c, const struct frame *frame) {
    struct tf_graph *g = in->g;
    const Tensorflow__OpDef *signature = c->function->signature;
    uint32_t first = g->count;
    c->args = places_of_args(g->arena, signature->input_arg, signature->n_input_arg, c->attrs,
                             c->attr_count);
    c->nodes = names_new(g->arena);
    for (size_t i = 0; i < c->function->n_node_def && within_bounds(in); i++) {
        const Tensorflow__NodeDef *def = c->function->node_def[i];
        const char *name = def->name == NULL ? "" : def->name;
        struct tf_node *n = tf_graph_node(g, arena_printf(g->arena, "%s/%s", c->name, name),
                                          def->op == NULL ? "" : def->op, count_data_inputs(def));
        n->attrs = bind_all(in, c, def->attr, def->n_attr);
        n->attr_count = def->n_attr;
        *names_slot(c->nodes, name) = (void *)((uintptr_t)g->count);
        set_frame(in, g->count - 1, frame);
    }
    if (g->count - first != c->function->n_node_def)
        return false;
    connect_body(in, c, first);
    return within_bounds(in);
}

static uint64_t count_outputs(const struct call *c) {
    const Tensorflow__OpDef *signature = c->function->signature;
    uint64_t count = 0;
    for (size_t i = 0; i < signature->n_output_arg; i++)
        count += width_of(signature->output_arg[i], c->attrs, c->attr_count);
    return count;
}

// What the function gives back, in the order of its signature.
static void connect_outputs(struct inlining *in, const struct call *c) {
    const Tensorflow__FunctionDef *f = c->function;
    struct tf_edge *edges = arena_array_of(in->g->arena, count_outputs(c), struct tf_edge);
    struct names *rets = names_new(in->g->arena);
    uint32_t count = 0;
    for (size_t i = 0; i < f->n_ret; i++)
        if (f->ret[i]->key != NULL)
            *names_slot(rets, f->ret[i]->key) = f->ret[i]->value;
    for (size_t i = 0; i < f->signature->n_output_arg; i++) {
        const Tensorflow__OpDef__ArgDef *arg = f->signature->output_arg[i];
        const char *from = arg->name == NULL ? NULL : names_find(rets, arg->name);
        struct tf_edge e = from == NULL ? (struct tf_edge){TF_NONE, 0} : body_edge(in, c, from);
        for (uint32_t k = width_of(arg, c->attrs, c->attr_count); k-- > 0; e.output++)
            edges[count++] = e;
    }
    struct tf_node *n = &in->g->nodes[c->node];
    n->op = "PartitionedCall";
    n->inputs = edges;
    n->input_count = count;
}

// Why a call cannot be inlined, or NULL.
static const char *fault_of(struct arena *arena, const struct call *c, const struct frame *outer) {
    const char *name = c->function->signature->name;
    for (const struct frame *f = outer; f != NULL; f = f->outer)
        if (f->function == c->function)
            return arena_printf(arena, "function '%s' calls itself", name);
    if (outer != NULL && outer->depth >= limits.nesting)
        return "calls within calls nest too deeply";
    return count_outputs(c) > UINT16_MAX ? arena_printf(arena, "'%s' gives back too much", name)
                                         : NULL;
}

static bool inline_call(struct inlining *in, struct call *c) {
    struct tf_node *n = &in->g->nodes[c->node];
    const struct frame *outer = c->node < in->frame_capacity ? in->frames[c->node] : NULL;
    n->fault = fault_of(in->g->arena, c, outer);
    if (n->fault != NULL) {
        n->op = "PartitionedCall";
        return true;
    }
    if (!within(in, "number of nodes with all functions inlined",
                in->g->count + c->function->n_node_def, limits.nodes))
        return false;
    struct frame *frame = arena_new_of(in->g->arena, struct frame);
    *frame = (struct frame){
        .function = c->function, .outer = outer, .depth = outer == NULL ? 1 : outer->depth + 1};
    if (!add_body(in, c, frame))
        return false;
    connect_outputs(in, c);
    return true;
}

// Nodes that stand for a condition or a loop are of the frame that it is of.
static void lower_functional(struct inlining *in, uint32_t node) {
    const struct frame *frame = node < in->frame_capacity ? in->frames[node] : NULL;
    uint32_t first = in->g->count;
    tf_lower_functional(in->g, node);
    for (uint32_t i = first; i < in->g->count && frame != NULL; i++)
        set_frame(in, i, frame);
}

static bool look_at(struct inlining *in, uint32_t node) {
    uint32_t before = in->g->count;
    lower_functional(in, node);
    if (in->g->count != before)
        return within(in, "number of nodes with all functions inlined", in->g->count,
                      limits.nodes) &&
               within_bounds(in);
    struct tf_node *n = &in->g->nodes[node];
    struct call c = {.node = node,
                     .name = n->name,
                     .function = names_find(in->functions, n->op),
                     .attrs = n->attrs,
                     .attr_count = n->attr_count,
                     .inputs = n->inputs,
                     .input_count = n->input_count};
    if (strcmp(n->op, "PartitionedCall") == 0 || strcmp(n->op, "StatefulPartitionedCall") == 0) {
        const Tensorflow__AttrValue *f = tf_attr(n, "f");
        bool named = f != NULL && f->func != NULL && f->func->name != NULL;
        c.function = named ? names_find(in->functions, f->func->name) : NULL;
        if (c.function == NULL) {
            n->fault = arena_printf(in->g->arena, "the file has no function '%s'",
                                    named ? f->func->name : "");
            return true;
        }
        c.attrs = f->func->attr;
        c.attr_count = f->func->n_attr;
    }
    return c.function == NULL || inline_call(in, &c);
}

bool tf_inline_functions(struct tf_graph *g) {
    struct inlining in = {.g = g, .functions = names_new(g->arena), .used = arena_used(g->arena)};
    for (size_t i = 0; g->library != NULL && i < g->library->n_function; i++) {
        const Tensorflow__FunctionDef *f = g->library->function[i];
        if (f->signature != NULL && f->signature->name != NULL)
            *names_slot(in.functions, f->signature->name) = g->library->function[i];
    }
    for (uint32_t i = 0; i < g->count; i++) // nodes of bodies come behind
        if (!look_at(&in, i))
            return false;
    return true;
}

// --- as a layer ----------------------------------------------------------------------------------

// A call that was inlined, and IdentityN: each output is the input of its number.
void tf_hand_on(struct tf_layer *l) {
    if (l->node->fault != NULL) {
        tf_fail(l, FUNCTION_CALL, l->node->fault);
        return;
    }
    if (tf_inputs(l, l->output_count))
        for (uint32_t i = 0; i < l->output_count; i++)
            l->outputs[i] = l->inputs[i];
}
