// SPDX-License-Identifier: Apache-2.0
// --move_to_preprocess: a mean that is subtracted right behind an input, one number a channel,
// becomes a property of the input, which the Inference Engine subtracts before it runs the network.
#include "compiler/ops/data.h"
#include "compiler/ops/elementwise.h"
#include "compiler/passes/lower.h"

// The means of every channel from the constant of the Add, which is minus the mean.
static struct floats read_mean(struct arena *arena, const struct tensor *shift, int64_t channels) {
    float *mean = arena_array_of(arena, (size_t)channels, float);
    int64_t count = shift->shape.dims[0];
    for (int64_t i = 0; i < channels; i++) {
        double value = 0;
        tensor_read_doubles(shift, count == 1 ? 0 : (uint64_t)i, 1, &value);
        mean[i] = (float)-value;
    }
    return (struct floats){mean, (uint32_t)channels};
}

static bool move_mean(struct node *parameter) {
    struct value *data = &parameter->outputs[0], *other = NULL;
    struct node *add = value_only_user(data);
    struct arena *arena = parameter->graph->arena;
    const struct tensor *constant;
    bool first;
    if (!node_is(add, &op_Add) || !constant_operand(add, &constant, &other, &first) ||
        !per_channel(arena, data, constant, &constant))
        return false;
    int64_t channels = data->shape.rank > 1 ? data->shape.dims[1] : 1;
    if (channels < constant->shape.dims[0])
        return false;
    ((struct parameter *)parameter->attrs)->mean = read_mean(arena, constant, channels);
    lower_replace(add, data);
    return true;
}

bool lower_classic_preprocess(struct graph *g, const struct pass_options *options) {
    bool changed = false;
    for (uint32_t i = 0; options->move_to_preprocess && i < g->parameters.count; i++)
        changed |= move_mean(g->parameters.items[i]);
    return changed;
}
