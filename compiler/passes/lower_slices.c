// SPDX-License-Identifier: Apache-2.0
// Slices along one axis that share out the whole of what they read are one Split in classic IR. (A
// slice that leaves something over is a Crop: a Split's output that nobody reads would be a result
// to the readers.)
#include <stdlib.h>

#include "compiler/ops/movement.h"
#include "compiler/passes/lower.h"

struct part {
    struct node *slice;
    int64_t begin, count;
};

struct parts {
    int32_t axis;
    uint32_t count;
    struct part *list;
};

// A slice that takes a piece along one axis, and perhaps that axis away.
static bool read_part(struct node *n, int32_t *axis, struct part *part) {
    struct slicing s;
    const char *wrong;
    const struct shape *in = &node_input(n, 0)->shape;
    if (!shape_is_static(in) || !slicing_read(n, &s, &wrong))
        return false;
    for (int32_t i = 0; i < s.out_rank; i++)
        if (s.source[i] < 0)
            return false;
    *axis = -1;
    for (int32_t i = 0; i < s.rank; i++) {
        const struct range *r = &s.ranges[i];
        if (!r->known || (r->stride != 1 && r->count != 1) || r->count < 1)
            return false;
        if (r->count == in->dims[i])
            continue;
        if (*axis >= 0)
            return false;
        *axis = i;
        *part = (struct part){n, r->begin, r->count};
    }
    return *axis >= 0;
}

static int by_begin(const void *a, const void *b) {
    const struct part *x = a, *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

// The slices of `v` along one axis; false when there are some along another, too.
static bool read_parts(struct arena *arena, const struct value *v, struct parts *out) {
    *out =
        (struct parts){.axis = -1, .list = arena_array_of(arena, value_use_count(v), struct part)};
    VALUE_EACH_USE(v, u) {
        int32_t axis;
        if (!node_is(u->user, &op_StridedSlice) || u->index != 0 ||
            !read_part(u->user, &axis, &out->list[out->count]))
            continue;
        if (out->axis >= 0 && axis != out->axis)
            return false;
        out->axis = axis;
        out->count++;
    }
    return out->count >= 2 && out->count <= UINT16_MAX;
}

static bool share_out(struct parts *parts, int64_t whole) {
    int64_t end = 0;
    qsort(parts->list, parts->count, sizeof *parts->list, by_begin);
    for (uint32_t i = 0; i < parts->count; i++) {
        if (parts->list[i].begin != end)
            return false;
        end += parts->list[i].count;
    }
    return end == whole;
}

static struct node *build_split(struct value *v, const struct parts *parts) {
    struct node *first = parts->list[0].slice;
    for (uint32_t i = 1; i < parts->count; i++)
        if (parts->list[i].slice->id < first->id)
            first = parts->list[i].slice;
    struct builder b = {.graph = first->graph, .place = first->place};
    int64_t *lengths = arena_array_of(b.graph->arena, parts->count, int64_t);
    for (uint32_t i = 0; i < parts->count; i++)
        lengths[i] = parts->list[i].count;
    const char *name = lower_name(first, "Split");
    struct value *inputs[] = {
        v, build_i64_scalar(&b, build_name(&b, name, "axis"), parts->axis),
        build_i64(&b, build_name(&b, name, "lengths"), parts->count, lengths)};
    struct node *split = build_node(&b, &op_VariadicSplit, name, 3, inputs);
    node_set_output_count(split, parts->count);
    node_finish(split);
    return split;
}

static void replace_slice(struct node *slice, struct value *part) {
    struct builder b = {.graph = slice->graph, .place = slice->place};
    const struct shape *out = &slice->outputs[0].shape;
    if (!shape_equal(out, &part->shape)) {
        const char *name =
            lower_is_result(slice) ? slice->name : lower_name(slice, "Reshape_shrink");
        part = build_reshape(&b, name, part, (uint32_t)out->rank, out->dims);
    }
    lower_replace(slice, part);
}

static bool lower_slices_of(struct value *v) {
    struct parts parts;
    if (v->first_use == NULL || v->constant != NULL || v->poison || v->shape.rank < 1)
        return false;
    struct arena *scratch = arena_new();
    bool whole = read_parts(scratch, v, &parts) && share_out(&parts, v->shape.dims[parts.axis]);
    if (whole) {
        struct node *split = build_split(v, &parts);
        for (uint32_t i = 0; i < parts.count; i++)
            replace_slice(parts.list[i].slice, &split->outputs[i]);
    }
    arena_free(scratch);
    return whole;
}

bool lower_slices(struct graph *g) {
    bool changed = false;
    uint32_t known = g->next_id;
    GRAPH_EACH(g, n) {
        for (uint32_t i = 0; n->id < known && i < n->output_count; i++)
            changed |= lower_slices_of(&n->outputs[i]);
    }
    return changed;
}
