// SPDX-License-Identifier: Apache-2.0
// Constant folding of gathers, scatters and running sums: one element at a time, by its
// coordinates.
#include <math.h>
#include <string.h>

#include "compiler/base/limits.h"
#include "compiler/ops/evaluate.h"
#include "compiler/ops/indexing.h"
#include "compiler/ops/shape_rules.h"

// Coordinates of element `index` of a shape, and back.
static void split_index(const struct shape *s, uint64_t index, int64_t *at) {
    for (int32_t i = s->rank - 1; i >= 0; i--) {
        at[i] = (int64_t)(index % (uint64_t)s->dims[i]);
        index /= (uint64_t)s->dims[i];
    }
}

static uint64_t join_index(const struct shape *s, const int64_t *at) {
    uint64_t index = 0;
    for (int32_t i = 0; i < s->rank; i++)
        index = index * (uint64_t)s->dims[i] + (uint64_t)at[i];
    return index;
}

static bool to_inside(int64_t *index, int64_t dim) {
    if (*index < 0)
        *index += dim;
    return *index >= 0 && *index < dim;
}

static bool axis_of(const struct node *n, uint32_t index, int32_t *axis) {
    struct numbers numbers;
    struct shape s = input_shape(n, 0);
    return input_complete(n, index, &numbers) && numbers.count == 1 &&
           shape_axis(&s, numbers.data[0], axis);
}

// --- GatherND, GatherElements -------------------------------------------------------------------

struct gather {
    const struct tensor *data;
    const int64_t *indices;
    struct shape places, out; // shapes of indices and output
    int32_t depth, batch, axis;
};

static bool read_at(const struct gather *g, const int64_t *at, double *out) {
    tensor_read_doubles(g->data, join_index(&g->data->shape, at), 1, out);
    return true;
}

// Output coordinates are [batch and place..., rest of the data...].
static bool compute_gather_nd(void *context, uint64_t first, uint64_t count, double *out) {
    const struct gather *g = context;
    for (uint64_t i = 0; i < count; i++) {
        int64_t at[SHAPE_MAX_RANK], from[SHAPE_MAX_RANK], place[SHAPE_MAX_RANK] = {0};
        split_index(&g->out, first + i, at);
        memcpy(from, at, sizeof from);
        memcpy(place, at, (size_t)(g->places.rank - 1) * sizeof *place);
        for (int32_t k = 0; k < g->depth; k++) {
            place[g->places.rank - 1] = k;
            from[g->batch + k] = g->indices[join_index(&g->places, place)];
            if (!to_inside(&from[g->batch + k], g->data->shape.dims[g->batch + k]))
                return false;
        }
        for (int32_t k = g->batch + g->depth; k < g->data->shape.rank; k++)
            from[k] = at[g->places.rank - 1 + k - g->batch - g->depth];
        read_at(g, from, &out[i]);
    }
    return true;
}

static bool compute_gather_elements(void *context, uint64_t first, uint64_t count, double *out) {
    const struct gather *g = context;
    for (uint64_t i = 0; i < count; i++) {
        int64_t at[SHAPE_MAX_RANK];
        split_index(&g->places, first + i, at);
        at[g->axis] = g->indices[first + i];
        if (!to_inside(&at[g->axis], g->data->shape.dims[g->axis]))
            return false;
        read_at(g, at, &out[i]);
    }
    return true;
}

static bool start_gather(const struct node *n, struct gather *g) {
    if (node_constant(n, 0) == NULL || node_constant(n, 1) == NULL)
        return false;
    *g = (struct gather){.data = node_constant(n, 0), .places = node_constant(n, 1)->shape};
    g->out = n->outputs[0].shape;
    g->indices = tensor_as_i64(n->graph->arena, node_constant(n, 1));
    return g->indices != NULL && shape_is_static(&g->out);
}

bool evaluate_gather_nd(struct node *n, const struct tensor **outputs) {
    struct gather g;
    if (!start_gather(n, &g))
        return false;
    g.batch = (int32_t)((const struct gather_nd *)n->attrs)->batch_dims;
    g.depth = (int32_t)g.places.dims[g.places.rank - 1];
    outputs[0] = tensor_compute(n->graph->arena, g.data->type, g.out, compute_gather_nd, &g);
    return outputs[0] != NULL;
}

bool evaluate_gather_elements(struct node *n, const struct tensor **outputs) {
    struct gather g;
    if (!start_gather(n, &g) ||
        !shape_axis(&g.data->shape, ((const struct gather_elements *)n->attrs)->axis, &g.axis))
        return false;
    outputs[0] = tensor_compute(n->graph->arena, g.data->type, g.out, compute_gather_elements, &g);
    return outputs[0] != NULL;
}

// --- scatters -----------------------------------------------------------------------------------

struct scatter {
    struct shape data, places, updates;
    const int64_t *indices;
    int32_t axis;
    int reduction; // ENUM_UNSET: none
};

// Where element `index` of the updates goes in the data. False when that is outside.
typedef bool target_function(const struct scatter *s, const int64_t *update, int64_t *at);

static bool target_of_slice(const struct scatter *s, const int64_t *update, int64_t *at) {
    for (int32_t i = 0; i < s->axis; i++)
        at[i] = update[i];
    at[s->axis] = s->indices[join_index(&s->places, update + s->axis)];
    for (int32_t i = s->axis + 1; i < s->data.rank; i++)
        at[i] = update[i + s->places.rank - 1];
    return to_inside(&at[s->axis], s->data.dims[s->axis]);
}

static bool target_of_place(const struct scatter *s, const int64_t *update, int64_t *at) {
    int32_t leading = s->places.rank - 1, depth = (int32_t)s->places.dims[leading];
    int64_t place[SHAPE_MAX_RANK] = {0};
    memcpy(place, update, (size_t)leading * sizeof *place);
    for (int32_t k = 0; k < depth; k++) {
        place[leading] = k;
        at[k] = s->indices[join_index(&s->places, place)];
        if (!to_inside(&at[k], s->data.dims[k]))
            return false;
    }
    for (int32_t i = depth; i < s->data.rank; i++)
        at[i] = update[leading + i - depth];
    return true;
}

static bool target_of_element(const struct scatter *s, const int64_t *update, int64_t *at) {
    memcpy(at, update, SHAPE_MAX_RANK * sizeof *at);
    at[s->axis] = s->indices[join_index(&s->places, update)];
    return to_inside(&at[s->axis], s->data.dims[s->axis]);
}

static double joined(enum scatter_reduction how, double old, double update) {
    switch (how) {
    case SCATTER_SUM:
        return old + update;
    case SCATTER_SUB:
        return old - update;
    case SCATTER_PROD:
        return old * update;
    case SCATTER_MIN:
        return old < update ? old : update;
    case SCATTER_MAX:
        return old > update ? old : update;
    }
    return update;
}

static void write_update(const struct scatter *s, const struct tensor *updates, uint64_t i,
                         uint8_t *out, uint64_t place) {
    if (s->reduction == ENUM_UNSET) {
        tensor_read(updates, i, 1, out + place * dtype_size(updates->type));
        return;
    }
    double update;
    tensor_read_doubles(updates, i, 1, &update);
    dtype_store(updates->type, out, place,
                joined((enum scatter_reduction)s->reduction, dtype_load(updates->type, out, place),
                       update));
}

static bool write_updates(const struct scatter *s, const struct tensor *updates,
                          target_function *target, uint8_t *out) {
    uint64_t count = tensor_count(updates);
    for (uint64_t i = 0; i < count; i++) {
        int64_t update[SHAPE_MAX_RANK] = {0}, at[SHAPE_MAX_RANK];
        split_index(&s->updates, i, update);
        if (!target(s, update, at))
            return false;
        write_update(s, updates, i, out, join_index(&s->data, at));
    }
    return true;
}

static bool scatter(struct node *n, const struct tensor **outputs, target_function *target,
                    int reduction) {
    struct arena *arena = n->graph->arena;
    const struct tensor *data = node_constant(n, 0), *updates = node_constant(n, 2);
    struct scatter s = {.data = data->shape, .places = node_constant(n, 1)->shape};
    s.updates = updates->shape;
    s.reduction = reduction;
    s.indices = tensor_as_i64(arena, node_constant(n, 1));
    if (s.data.rank == 0 || s.indices == NULL || updates->type != data->type ||
        tensor_bytes(data) > limits.arena_tensor_bytes ||
        (n->input_count > 3 && !axis_of(n, 3, &s.axis)))
        return false;
    uint8_t *out = arena_alloc(arena, tensor_bytes(data) + 1);
    tensor_read(data, 0, tensor_count(data), out);
    if (!write_updates(&s, updates, target, out))
        return false;
    outputs[0] = tensor_of_slice(arena, data->type, data->shape, slice_of(out, tensor_bytes(data)));
    return true;
}

bool evaluate_scatter_slices(struct node *n, const struct tensor **outputs) {
    return scatter(n, outputs, target_of_slice, ENUM_UNSET);
}

bool evaluate_scatter_places(struct node *n, const struct tensor **outputs) {
    return scatter(n, outputs, target_of_place, ((const struct scatter_nd *)n->attrs)->reduction);
}

bool evaluate_scatter_elements(struct node *n, const struct tensor **outputs) {
    return scatter(n, outputs, target_of_element, ENUM_UNSET);
}

// --- CumSum -------------------------------------------------------------------------------------

struct sums {
    const struct tensor *data;
    int32_t axis;
    bool exclusive, reverse;
};

static bool compute_sums(void *context, uint64_t first, uint64_t count, double *out) {
    const struct sums *s = context;
    for (uint64_t i = 0; i < count; i++) {
        int64_t at[SHAPE_MAX_RANK], end, step = s->reverse ? -1 : 1;
        split_index(&s->data->shape, first + i, at);
        end = at[s->axis] + (s->exclusive ? 0 : step);
        out[i] = 0;
        for (at[s->axis] = s->reverse ? s->data->shape.dims[s->axis] - 1 : 0; at[s->axis] != end;
             at[s->axis] += step) {
            double number;
            tensor_read_doubles(s->data, join_index(&s->data->shape, at), 1, &number);
            out[i] += number;
        }
    }
    return true;
}

bool evaluate_cum_sum(struct node *n, const struct tensor **outputs) {
    const struct cum_sum *a = n->attrs;
    struct sums s = {.data = node_constant(n, 0), .exclusive = a->exclusive, .reverse = a->reverse};
    if (!axis_of(n, 1, &s.axis))
        return false;
    outputs[0] = tensor_compute(n->graph->arena, s.data->type, s.data->shape, compute_sums, &s);
    return outputs[0] != NULL;
}
