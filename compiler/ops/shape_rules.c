// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/shape_rules.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>

#include "compiler/base/strbuf.h"

enum { NUMBERS_MAX = 65536 };

static void describe_value(struct strbuf *sb, struct arena *arena, const struct value *v) {
    if (v == NULL) {
        strbuf_puts(sb, "absent");
        return;
    }
    strbuf_puts(sb, dtype_opset_name(v->type));
    strbuf_puts(sb, shape_text(arena, &v->shape));
}

bool shape_error(struct node *n, const char *format, ...) {
    struct arena *arena = n->graph->arena;
    struct strbuf sb = STRBUF_INIT;
    va_list args;
    va_start(args, format);
    strbuf_vprintf(&sb, format, args);
    va_end(args);
    for (uint32_t i = 0; i < n->input_count && i < 8; i++) {
        strbuf_puts(&sb, i == 0 ? "; its inputs are " : ", ");
        describe_value(&sb, arena, n->inputs[i].value);
    }
    if (n->input_count > 8)
        strbuf_puts(&sb, ", ...");
    struct place place = node_place(n);
    diag_report(n->graph->diag, &place, SHAPE_MISMATCH, sb.data);
    strbuf_free(&sb);
    return false;
}

void set_output(struct node *n, uint32_t index, enum dtype type, struct shape shape) {
    n->outputs[index].type = type;
    n->outputs[index].shape = shape;
}

// --- numbers ------------------------------------------------------------------------------------

static void numbers_of_partial(const struct node *n, const struct value *v, struct numbers *out) {
    struct arena *arena = n->graph->arena;
    const double *known = v->partial != NULL ? tensor_as_doubles(arena, v->partial) : NULL;
    int64_t *data = arena_array_of(arena, out->count + 1, int64_t);
    for (uint32_t i = 0; i < out->count; i++)
        data[i] = known == NULL || isnan(known[i]) ? NUMBER_UNKNOWN : (int64_t)known[i];
    out->data = data;
    out->complete = out->count == 0;
}

bool input_numbers(const struct node *n, uint32_t index, struct numbers *out) {
    const struct value *v = node_input(n, index);
    uint64_t count;
    if (v == NULL || v->shape.rank > 1 || !shape_count(&v->shape, &count) || count > NUMBERS_MAX)
        return false;
    *out = (struct numbers){.count = (uint32_t)count};
    if (v->constant != NULL) {
        out->data = tensor_as_i64(n->graph->arena, v->constant);
        out->complete = true;
        return out->data != NULL;
    }
    numbers_of_partial(n, v, out);
    return true;
}

bool input_complete(const struct node *n, uint32_t index, struct numbers *out) {
    return input_numbers(n, index, out) && out->complete;
}

// --- checks -------------------------------------------------------------------------------------

bool same_types(struct node *n, uint32_t from, uint32_t count) {
    enum dtype type = DT_UNKNOWN;
    for (uint32_t i = from; i < from + count && i < n->input_count; i++) {
        enum dtype other = input_type(n, i);
        if (other == DT_UNKNOWN)
            continue;
        if (type != DT_UNKNOWN && type != other)
            return shape_error(n, "element types %s and %s do not fit", dtype_opset_name(type),
                               dtype_opset_name(other));
        type = other;
    }
    return true;
}

bool input_rank(struct node *n, uint32_t index, int32_t least, int32_t most) {
    int32_t rank = input_shape(n, index).rank;
    if (rank == RANK_UNKNOWN || (rank >= least && rank <= most))
        return true;
    if (least == most)
        return shape_error(n, "input %" PRIu32 " has %" PRId32 " dimensions, not %" PRId32, index,
                           rank, least);
    return shape_error(n,
                       "input %" PRIu32 " has %" PRId32 " dimensions, not %" PRId32 " to %" PRId32,
                       index, rank, least, most);
}

bool input_axis(struct node *n, uint32_t index, int64_t axis, int32_t *out) {
    struct shape s = input_shape(n, index);
    if (shape_axis(&s, axis, out))
        return true;
    return shape_error(n, "axis %" PRId64 " is outside input %" PRIu32, axis, index);
}

bool merge_dim(int64_t a, int64_t b, int64_t *out) {
    *out = a == DIM_UNKNOWN ? b : a;
    return a == b || a == DIM_UNKNOWN || b == DIM_UNKNOWN;
}

bool merge_shape(const struct shape *a, const struct shape *b, struct shape *out) {
    *out = a->rank == RANK_UNKNOWN ? *b : *a;
    if (a->rank == RANK_UNKNOWN || b->rank == RANK_UNKNOWN)
        return true;
    if (a->rank != b->rank)
        return false;
    for (int32_t i = 0; i < a->rank; i++)
        if (!merge_dim(a->dims[i], b->dims[i], &out->dims[i]))
            return false;
    return true;
}

bool axes_mask(struct node *n, int32_t rank, const struct numbers *axes, uint32_t *mask) {
    struct shape s = shape_of_rank(rank);
    *mask = 0;
    for (uint32_t i = 0; i < axes->count; i++) {
        int32_t axis;
        if (!shape_axis(&s, axes->data[i], &axis))
            return shape_error(n, "axis %" PRId64 " is outside %" PRId32 " dimensions",
                               axes->data[i], rank);
        if (*mask >> axis & 1)
            return shape_error(n, "axis %" PRId32 " stands twice", axis);
        *mask |= 1U << axis;
    }
    return true;
}

// --- the plain rules ----------------------------------------------------------------------------

bool infer_same(struct node *n) {
    for (uint32_t i = 0; i < n->output_count; i++)
        set_output(n, i, input_type(n, 0), input_shape(n, 0));
    return true;
}

static bool broadcast_inputs(struct node *n, struct shape *out) {
    *out = input_shape(n, 0);
    for (uint32_t i = 1; i < n->input_count; i++) {
        struct shape s = input_shape(n, i), joined;
        if (!shape_broadcast(out, &s, &joined))
            return shape_error(n, "shapes cannot be broadcast to one");
        *out = joined;
    }
    return true;
}

bool infer_broadcast(struct node *n) {
    struct shape out;
    if (!same_types(n, 0, n->input_count) || !broadcast_inputs(n, &out))
        return false;
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

bool infer_compare(struct node *n) {
    struct shape out;
    if (!same_types(n, 0, n->input_count) || !broadcast_inputs(n, &out))
        return false;
    set_output(n, 0, DT_BOOL, out);
    return true;
}
