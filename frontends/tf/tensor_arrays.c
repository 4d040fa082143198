// SPDX-License-Identifier: Apache-2.0
#include "frontends/tf/tensor_arrays.h"

#include <string.h>

#include "compiler/ops/elementwise.h"
#include "compiler/ops/indexing.h"
#include "compiler/ops/movement.h"
#include "frontends/tf/loops.h"

// --- where a flow comes from ---------------------------------------------------------------------

static bool starts_with(const char *text, const char *beginning) {
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

// What hands an array on: operator, the input that it hands on.
static const struct {
    const char *op;
    uint32_t input;
} handing[] = {{"Identity", 0}, {"Enter", 0},  {"NextIteration", 0},
               {"Exit", 0},     {"Switch", 0}, {"Merge", 0}};

static bool step_back(const struct tf_graph *g, struct tf_edge *edge) {
    const struct tf_node *n = &g->nodes[edge->node];
    if (n->loop != NULL && edge->output < n->loop->variable_count) {
        *edge = n->inputs[edge->output];
        return true;
    }
    if (strcmp(n->op, "Merge") == 0 && n->input_count == 3) { // of a condition
        *edge = n->inputs[1];
        return true;
    }
    for (size_t i = 0; i < sizeof handing / sizeof *handing; i++)
        if (strcmp(n->op, handing[i].op) == 0 && handing[i].input < n->input_count) {
            *edge = n->inputs[handing[i].input];
            return true;
        }
    return false;
}

enum { STEPS_MAX = 1000 }; // back to an array's maker; cycles of Identities end here

bool tf_is_flow(const struct tf_graph *g, struct tf_edge edge) {
    for (uint32_t steps = 0; edge.node != TF_NONE && steps < STEPS_MAX; steps++) {
        if (starts_with(g->nodes[edge.node].op, "TensorArrayV"))
            return edge.output == 1;
        if (starts_with(g->nodes[edge.node].op, "TensorArrayWrite") ||
            starts_with(g->nodes[edge.node].op, "TensorArrayScatter") ||
            starts_with(g->nodes[edge.node].op, "TensorArraySplit"))
            return edge.output == 0;
        if (!step_back(g, &edge))
            return false;
    }
    return false;
}

uint32_t tf_array_maker(const struct tf_graph *g, struct tf_edge handle) {
    for (uint32_t steps = 0; handle.node != TF_NONE && steps < STEPS_MAX; steps++) {
        if (starts_with(g->nodes[handle.node].op, "TensorArrayV"))
            return handle.node;
        if (!step_back(g, &handle))
            return TF_NONE;
    }
    return TF_NONE;
}

// Nothing was written into the array whose flow an edge is.
static bool is_empty(const struct tf_graph *g, struct tf_edge edge) {
    edge = tf_behind(g, edge);
    return edge.node != TF_NONE && starts_with(g->nodes[edge.node].op, "TensorArrayV");
}

// --- contents ------------------------------------------------------------------------------------

bool tf_array_is_blank(const struct value *flow) {
    return flow->shape.rank == 0;
}

static bool constant_number(const struct value *v, double *number) {
    return v->constant != NULL && tensor_count(v->constant) == 1 &&
           tensor_uniform(v->constant, number);
}

static bool with_size(const struct shape *element, double size, struct shape *out) {
    if (!shape_is_static(element) || element->rank == SHAPE_MAX_RANK || size < 0 || size > 1e9)
        return false;
    out->rank = element->rank + 1;
    out->dims[0] = (int64_t)size;
    for (int32_t i = 0; i < element->rank; i++)
        out->dims[i + 1] = element->dims[i];
    return true;
}

// Zeros of `size` elements of the shape that `dims` holds.
static struct value *computed_zeros(struct builder *b, const char *name, struct value *size,
                                    enum dtype type, struct value *dims) {
    struct value *rows = build_convert(b->graph, build_name(b, name, "size"), size, DT_I64);
    rows = build_reshape(b, build_name(b, name, "rows"), rows, 1, (const int64_t[]){1});
    dims = build_concat(b, build_name(b, name, "shape"), 0, 2, (struct value *[]){rows, dims});
    struct value *zero = build_constant(b, build_name(b, name, "zero"),
                                        tensor_splat(b->graph->arena, type, shape_scalar(), 0));
    return build_op2(b, &op_Broadcast, name, zero, dims);
}

struct value *tf_array_zeros(struct builder *b, const char *name, struct value *size,
                             struct value *element) {
    struct shape shape;
    double count;
    if (constant_number(size, &count) && with_size(&element->shape, count, &shape))
        return build_constant(b, name, tensor_splat(b->graph->arena, element->type, shape, 0));
    struct value *dims = build_op1(b, &op_ShapeOf, build_name(b, name, "element_shape"), element);
    return computed_zeros(b, name, size, element->type, dims);
}

bool tf_counts_all(const struct value *indices, const struct value *content) {
    if (content->shape.rank < 1)
        return false;
    const struct node *n = indices->producer;
    int64_t rows = content->shape.dims[0];
    double start, step;
    if (indices->constant == NULL) // as many indices as rows, from 0 on
        return rows == DIM_UNKNOWN && node_is(n, &op_Range) && n->input_count == 3 &&
               constant_number(n->inputs[0].value, &start) && start == 0 &&
               constant_number(n->inputs[2].value, &step) && step == 1;
    if (rows == DIM_UNKNOWN || tensor_count(indices->constant) != (uint64_t)rows)
        return false;
    struct arena *scratch = arena_new();
    const int64_t *numbers = tensor_as_i64(scratch, indices->constant);
    bool all = numbers != NULL;
    for (int64_t i = 0; all && i < rows; i++)
        all = numbers[i] == i;
    arena_free(scratch);
    return all;
}

static struct value *axis_zero(struct tf_layer *l) {
    return build_i64_scalar(&l->builder, tf_name(l, "axis"), 0);
}

static bool is_filled(struct tf_layer *l, uint32_t flow) {
    if (l->inputs[flow]->shape.rank != 0)
        return true;
    tf_fail(l, NOT_SUPPORTED, "reading a TensorArray that nothing was written to",
            "the shape of its elements is not known");
    return false;
}

static void finish_first(struct tf_layer *l, struct node *n) {
    node_finish(n);
    l->outputs[0] = &n->outputs[0];
}

static void gather(struct tf_layer *l, struct value *content, struct value *indices) {
    finish_first(l, build_node(&l->builder, &op_Gather, l->name, 3,
                               (struct value *[]){content, indices, axis_zero(l)}));
}

// --- layers --------------------------------------------------------------------------------------

// size -> handle, flow
void tf_array(struct tf_layer *l) {
    const Tensorflow__AttrValue *v = tf_attr(l->node, "element_shape");
    enum dtype type = tf_attr_type(l->node, "dtype", DT_F32);
    struct shape element = SHAPE_UNKNOWN, all;
    double size;
    if (!tf_inputs(l, 1))
        return;
    if (v != NULL && v->shape != NULL)
        tf_shape(v->shape, &element);
    if (type == DT_UNKNOWN || type == DT_STRING) {
        tf_fail(l, NOT_SUPPORTED, "a TensorArray of this type", "the runtime has no such type");
        return;
    }
    l->outputs[0] = l->inputs[0];
    if (shape_is_static(&element) && element.rank > 0 && l->inputs[0]->constant == NULL) {
        struct value *dims =
            build_i64(&l->builder, tf_name(l, "dims"), (uint32_t)element.rank, element.dims);
        l->outputs[1] = computed_zeros(&l->builder, l->name, l->inputs[0], type, dims);
        return;
    }
    if (!constant_number(l->inputs[0], &size) || !with_size(&element, size, &all))
        all = shape_scalar();
    l->outputs[1] = build_constant(&l->builder, l->name, tensor_splat(l->arena, type, all, 0));
}

// handle, index, flow -> element
void tf_array_read(struct tf_layer *l) {
    if (tf_inputs(l, 3) && is_filled(l, 2))
        gather(l, l->inputs[2], l->inputs[1]);
}

static void scatter(struct tf_layer *l, struct value *content, struct value *indices,
                    struct value *updates) {
    finish_first(l, build_node(&l->builder, &op_ScatterUpdate, l->name, 4,
                               (struct value *[]){content, indices, updates, axis_zero(l)}));
}

// As a scatter of one row: the runtime takes no scalar for an index.
static void scatter_one(struct tf_layer *l, struct value *content, struct value *index,
                        struct value *element) {
    struct value *axes = build_i64(&l->builder, tf_name(l, "axes"), 1, (const int64_t[]){0});
    struct value *row = build_op2(&l->builder, &op_Unsqueeze, tf_name(l, "row"), element, axes);
    index = build_reshape(&l->builder, tf_name(l, "index"), index, 1, (const int64_t[]){1});
    scatter(l, content, index, row);
}

// handle, index, element, flow -> flow
void tf_array_write(struct tf_layer *l) {
    if (!tf_inputs(l, 4))
        return;
    struct value *content = l->inputs[3];
    if (tf_array_is_blank(content))
        content = tf_array_zeros(&l->builder, tf_name(l, "empty"), l->inputs[0], l->inputs[2]);
    scatter_one(l, content, l->inputs[1], l->inputs[2]);
}

// handle, indices, elements, flow -> flow
void tf_array_scatter(struct tf_layer *l) {
    if (!tf_inputs(l, 4) || !tf_rank(l, 2, 1, SHAPE_MAX_RANK))
        return;
    struct value *content = l->inputs[3], *elements = l->inputs[2];
    if (is_empty(l->graph, l->node->inputs[3]) && tf_counts_all(l->inputs[1], elements)) {
        l->outputs[0] = elements;
        return;
    }
    if (tf_array_is_blank(content)) {
        struct value *first = build_i64_scalar(&l->builder, tf_name(l, "first"), 0);
        struct node *n = build_node(&l->builder, &op_Gather, tf_name(l, "element"), 3,
                                    (struct value *[]){elements, first, axis_zero(l)});
        node_finish(n);
        content = tf_array_zeros(&l->builder, tf_name(l, "empty"), l->inputs[0], &n->outputs[0]);
    }
    scatter(l, content, l->inputs[1], elements);
}

// handle, indices, flow -> elements
void tf_array_gather(struct tf_layer *l) {
    if (!tf_inputs(l, 3) || !is_filled(l, 2))
        return;
    if (tf_counts_all(l->inputs[1], l->inputs[2]))
        l->outputs[0] = l->inputs[2];
    else
        gather(l, l->inputs[2], l->inputs[1]);
}

// handle, flow -> number of elements
void tf_array_size(struct tf_layer *l) {
    if (!tf_inputs(l, 2))
        return;
    uint32_t maker = tf_array_maker(l->graph, l->node->inputs[0]);
    bool grows = maker != TF_NONE && tf_attr_bool(&l->graph->nodes[maker], "dynamic_size", false);
    if (!grows || tf_array_is_blank(l->inputs[1])) {
        l->outputs[0] = l->inputs[0];
        return;
    }
    struct node *n = build_node(&l->builder, &op_ShapeOf, tf_name(l, "shape"), 1, &l->inputs[1]);
    ((struct output_type *)n->attrs)->output_type = DT_I32;
    node_finish(n);
    struct value *zero = build_i64_scalar(&l->builder, tf_name(l, "first"), 0);
    gather(l, &n->outputs[0], zero);
}

// handle, flow -> elements joined along their first axis, their lengths
void tf_array_concat(struct tf_layer *l) {
    if (!tf_inputs(l, 2) || !tf_rank(l, 1, 2, SHAPE_MAX_RANK) || !tf_static(l, 1))
        return;
    const struct shape *s = &l->inputs[1]->shape;
    int64_t dims[SHAPE_MAX_RANK] = {-1};
    for (int32_t i = 2; i < s->rank; i++)
        dims[i - 1] = s->dims[i];
    l->outputs[0] = build_reshape(&l->builder, l->name, l->inputs[1], (uint32_t)s->rank - 1, dims);
    l->outputs[1] =
        build_constant(&l->builder, tf_name(l, "lengths"),
                       tensor_splat(l->arena, DT_I64, SHAPE(s->dims[0]), (double)s->dims[1]));
}

// handle, elements joined along their first axis, their lengths, flow -> flow
void tf_array_split(struct tf_layer *l) {
    double length;
    if (!tf_inputs(l, 4) || !tf_rank(l, 1, 1, SHAPE_MAX_RANK - 1) || !tf_static(l, 1))
        return;
    const struct tensor *lengths = tf_constant(l, 2, "lengths of a TensorArray");
    if (lengths == NULL)
        return;
    if (!tensor_uniform(lengths, &length) || length < 1) {
        tf_fail(l, NOT_SUPPORTED, "splitting into elements of different lengths",
                "they are one tensor here");
        return;
    }
    const struct shape *s = &l->inputs[1]->shape;
    int64_t dims[SHAPE_MAX_RANK] = {(int64_t)tensor_count(lengths), (int64_t)length};
    for (int32_t i = 1; i < s->rank; i++)
        dims[i + 1] = s->dims[i];
    l->outputs[0] = build_reshape(&l->builder, l->name, l->inputs[1], (uint32_t)s->rank + 1, dims);
}
