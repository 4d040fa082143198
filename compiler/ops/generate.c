// SPDX-License-Identifier: Apache-2.0
// Tensors made of numbers and of shapes.
#include <inttypes.h>
#include <math.h>

#include "compiler/ops/evaluate.h"
#include "compiler/ops/indexing.h"
#include "compiler/ops/shape_rules.h"

#define ATTR_OWNER struct output_type
static const struct attr_def output_type_attrs[] = {OUTPUT_TYPE_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct one_hot
static const struct attr_def one_hot_attrs[] = {ONE_HOT_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct cum_sum
static const struct attr_def cum_sum_attrs[] = {CUM_SUM_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

#define ATTR_OWNER struct random_uniform
static const struct attr_def random_uniform_attrs[] = {RANDOM_UNIFORM_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

static enum dtype output_type(const struct node *n) {
    return ((const struct output_type *)n->attrs)->output_type;
}

// --- ShapeOf ------------------------------------------------------------------------------------

static bool infer_shape_of(struct node *n) {
    struct shape in = input_shape(n, 0);
    double dims[SHAPE_MAX_RANK];
    if (in.rank == RANK_UNKNOWN) {
        set_output(n, 0, output_type(n), shape_of_rank(1));
        return true;
    }
    set_output(n, 0, output_type(n), SHAPE(in.rank));
    for (int32_t i = 0; i < in.rank; i++)
        dims[i] = in.dims[i] == DIM_UNKNOWN ? NAN : (double)in.dims[i];
    value_set_partial(&n->outputs[0],
                      tensor_of_doubles(n->graph->arena, DT_F64, SHAPE(in.rank), dims));
    return true;
}

const struct op_def op_ShapeOf = {
    .name = "ShapeOf",
    .doc = "the dimensions of a tensor",
    .opset = "opset3",
    .flags = OP_OPSET,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(output_type_attrs, output_type),
    .infer = infer_shape_of,
};

// --- Range --------------------------------------------------------------------------------------

struct progression {
    double start, step;
};

static bool scalar_input(const struct node *n, uint32_t index, double *out) {
    const struct tensor *t = node_constant(n, index);
    if (t == NULL || tensor_count(t) != 1)
        return false;
    tensor_read_doubles(t, 0, 1, out);
    return true;
}

static bool infer_range(struct node *n) {
    double start, stop, step;
    struct shape out = shape_of_rank(1);
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t count;
        struct shape s = input_shape(n, i);
        if (shape_count(&s, &count) && count != 1)
            return shape_error(n, "input %" PRIu32 " is not one number", i);
    }
    if (scalar_input(n, 0, &start) && scalar_input(n, 1, &stop) && scalar_input(n, 2, &step)) {
        double count = ceil((stop - start) / step);
        if (step == 0 || !(count < 1e15))
            return shape_error(n, "from %g to %g by steps of %g", start, stop, step);
        out.dims[0] = count > 0 ? (int64_t)count : 0;
    }
    set_output(n, 0, output_type(n), out);
    return true;
}

static bool compute_progression(void *context, uint64_t first, uint64_t count, double *out) {
    const struct progression *p = context;
    for (uint64_t i = 0; i < count; i++)
        out[i] = p->start + (double)(first + i) * p->step;
    return true;
}

static bool evaluate_range(struct node *n, const struct tensor **outputs) {
    struct progression p;
    struct shape out = n->outputs[0].shape;
    if (!scalar_input(n, 0, &p.start) || !scalar_input(n, 2, &p.step) || !shape_is_static(&out))
        return false;
    outputs[0] = tensor_compute(n->graph->arena, output_type(n), out, compute_progression, &p);
    return outputs[0] != NULL;
}

const struct op_def op_Range = {
    .name = "Range",
    .doc = "numbers from start to stop (not included) by a step",
    .opset = "opset4",
    .flags = OP_OPSET,
    .min_inputs = 3,
    .max_inputs = 3,
    .outputs = 1,
    OP_ATTRS(output_type_attrs, output_type),
    .infer = infer_range,
    .evaluate = evaluate_range,
};

// --- NonZero ------------------------------------------------------------------------------------

enum { COUNT_BLOCK = 256 };

static uint64_t count_non_zero(const struct tensor *t) {
    double block[COUNT_BLOCK];
    uint64_t count = tensor_count(t), found = 0;
    for (uint64_t first = 0; first < count; first += COUNT_BLOCK) {
        uint64_t part = count - first < COUNT_BLOCK ? count - first : COUNT_BLOCK;
        tensor_read_doubles(t, first, part, block);
        for (uint64_t i = 0; i < part; i++)
            found += block[i] != 0;
    }
    return found;
}

static bool infer_non_zero(struct node *n) {
    struct shape in = input_shape(n, 0);
    const struct tensor *t = node_constant(n, 0);
    set_output(n, 0, output_type(n),
               SHAPE(in.rank == RANK_UNKNOWN ? DIM_UNKNOWN : in.rank,
                     t == NULL ? DIM_UNKNOWN : (int64_t)count_non_zero(t)));
    return true;
}

// A row of coordinates for each axis.
static bool evaluate_non_zero(struct node *n, const struct tensor **outputs) {
    struct arena *arena = n->graph->arena;
    const double *data = tensor_as_doubles(arena, node_constant(n, 0));
    struct shape in = input_shape(n, 0), out = n->outputs[0].shape;
    int64_t found = 0, columns = out.dims[1];
    int64_t *rows = data == NULL ? NULL : index_list(arena, in.rank * columns);
    if (rows == NULL)
        return false;
    for (uint64_t i = 0; found < columns; i++) {
        uint64_t rest = i;
        for (int32_t axis = in.rank - 1; axis >= 0 && data[i] != 0; axis--) {
            rows[axis * columns + found] = (int64_t)(rest % (uint64_t)in.dims[axis]);
            rest /= (uint64_t)in.dims[axis];
        }
        found += data[i] != 0;
    }
    outputs[0] = tensor_cast(arena, tensor_i64(arena, out, rows), output_type(n));
    return true;
}

const struct op_def op_NonZero = {
    .name = "NonZero",
    .doc = "coordinates of the elements that are not zero",
    .opset = "opset3",
    .flags = OP_OPSET,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(output_type_attrs, output_type),
    .infer = infer_non_zero,
    .evaluate = evaluate_non_zero,
};

// --- OneHot -------------------------------------------------------------------------------------

static bool one_hot_axis(const struct node *n, int32_t *axis) {
    struct shape in = input_shape(n, 0), wide = shape_of_rank(in.rank + 1);
    return shape_axis(&wide, ((const struct one_hot *)n->attrs)->axis, axis);
}

static bool infer_one_hot(struct node *n) {
    struct shape in = input_shape(n, 0), out = SHAPE_UNKNOWN;
    struct numbers depth;
    int32_t axis;
    if (!same_types(n, 2, 2) || !input_rank(n, 0, 0, SHAPE_MAX_RANK - 1))
        return false;
    if (in.rank != RANK_UNKNOWN) {
        if (!one_hot_axis(n, &axis))
            return shape_error(n, "axis %" PRId64 " is outside the result",
                               ((const struct one_hot *)n->attrs)->axis);
        out = shape_of_rank(in.rank + 1);
        for (int32_t i = 0, from = 0; i < out.rank; i++)
            out.dims[i] = i == axis ? DIM_UNKNOWN : in.dims[from++];
        if (input_complete(n, 1, &depth) && depth.count == 1 && depth.data[0] >= 0)
            out.dims[axis] = depth.data[0];
    }
    set_output(n, 0, input_type(n, 2), out);
    return true;
}

struct hot {
    const struct tensor *indices;
    uint64_t depth, inner; // elements behind the axis
    double on, off;
};

static bool compute_hot(void *context, uint64_t first, uint64_t count, double *out) {
    const struct hot *h = context;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t at = first + i, outer = at / (h->depth * h->inner);
        double index;
        tensor_read_doubles(h->indices, outer * h->inner + at % h->inner, 1, &index);
        out[i] = index == (double)(at / h->inner % h->depth) ? h->on : h->off;
    }
    return true;
}

static bool evaluate_one_hot(struct node *n, const struct tensor **outputs) {
    struct shape out = n->outputs[0].shape;
    struct hot h = {.indices = node_constant(n, 0)};
    int32_t axis;
    if (!shape_is_static(&out) || !one_hot_axis(n, &axis) || !scalar_input(n, 2, &h.on) ||
        !scalar_input(n, 3, &h.off) || !shape_count_range(&out, axis + 1, out.rank, &h.inner))
        return false;
    h.depth = (uint64_t)out.dims[axis];
    outputs[0] = tensor_compute(n->graph->arena, n->outputs[0].type, out, compute_hot, &h);
    return outputs[0] != NULL;
}

const struct op_def op_OneHot = {
    .name = "OneHot",
    .doc = "a new axis with one value at the index and another elsewhere",
    .opset = "opset1",
    .flags = OP_OPSET,
    .min_inputs = 4,
    .max_inputs = 4,
    .outputs = 1,
    OP_ATTRS(one_hot_attrs, one_hot),
    .infer = infer_one_hot,
    .evaluate = evaluate_one_hot,
};

// --- CumSum -------------------------------------------------------------------------------------

static bool infer_cum_sum(struct node *n) {
    struct numbers axis;
    int32_t at;
    if (input_shape(n, 0).rank != RANK_UNKNOWN && input_complete(n, 1, &axis) && axis.count == 1 &&
        !input_axis(n, 0, axis.data[0], &at))
        return false;
    return infer_same(n);
}

const struct op_def op_CumSum = {
    .name = "CumSum",
    .doc = "running sums along an axis",
    .opset = "opset3",
    .flags = OP_OPSET,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    OP_ATTRS(cum_sum_attrs, cum_sum),
    .infer = infer_cum_sum,
    .evaluate = evaluate_cum_sum,
};

// --- RandomUniform ------------------------------------------------------------------------------

static bool infer_random_uniform(struct node *n) {
    enum dtype type = ((const struct random_uniform *)n->attrs)->output_type;
    struct shape in = input_shape(n, 0), out = SHAPE_UNKNOWN;
    struct numbers dims;
    if (!input_rank(n, 0, 1, 1) || !same_types(n, 1, 2))
        return false;
    if (input_type(n, 1) != type)
        return shape_error(n, "the range has another type than the numbers");
    if (in.rank == 1 && in.dims[0] >= 0 && in.dims[0] <= SHAPE_MAX_RANK)
        out = shape_of_rank((int32_t)in.dims[0]);
    if (input_numbers(n, 0, &dims) && (int32_t)dims.count == out.rank)
        for (uint32_t i = 0; i < dims.count; i++)
            out.dims[i] = dims.data[i] >= 0 ? dims.data[i] : DIM_UNKNOWN;
    set_output(n, 0, type, out);
    return true;
}

const struct op_def op_RandomUniform = {
    .name = "RandomUniform",
    .doc = "numbers drawn from a range, each as likely as the next",
    .opset = "opset8",
    .flags = OP_OPSET,
    .min_inputs = 3,
    .max_inputs = 3,
    .outputs = 1,
    OP_ATTRS(random_uniform_attrs, random_uniform),
    .infer = infer_random_uniform,
};
