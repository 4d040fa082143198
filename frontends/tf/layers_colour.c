// SPDX-License-Identifier: Apache-2.0
// Colours as hue, saturation and value. All three are in [0, 1]; the hue goes round.
#include "compiler/ops/activation.h"
#include "frontends/tf/spell.h"

// --- there and back ------------------------------------------------------------------------------

static struct value *channel(struct tf_layer *l, const char *suffix, struct value *x, int64_t at) {
    const int64_t places[] = {at};
    struct value *which = spell_list(l, arena_printf(l->arena, "%s/at", suffix), 1, places);
    return spell_gather(l, suffix, x, which, -1);
}

struct hsv {
    struct value *hue, *saturation, *value;
};

// The hue by the channel that is largest, each of which begins a third of the circle.
static struct value *by_largest(struct tf_layer *l, struct value *const *rgb, struct value *most,
                                struct value *range) {
    static const int next[] = {1, 2, 0}, before[] = {2, 0, 1};
    static const char *const names[] = {"red", "green", "blue"};
    struct value *turns[3], *is[3];
    struct value *scale =
        spell_two(l, &op_Multiply, "range_six", range, spell_number(l, "six", range, 6));
    for (int i = 0; i < 3; i++) {
        const char *name = arena_printf(l->arena, "hue_%s", names[i]);
        struct value *apart = spell_two(l, &op_Subtract, arena_printf(l->arena, "%s/apart", name),
                                        rgb[next[i]], rgb[before[i]]);
        apart = spell_two(l, &op_Divide, arena_printf(l->arena, "%s/part", name), apart, scale);
        turns[i] =
            spell_two(l, &op_Add, name, apart,
                      spell_number(l, arena_printf(l->arena, "%s/third", name), apart, i / 3.0));
        is[i] = spell_two(l, &op_Equal, arena_printf(l->arena, "is_%s", names[i]), rgb[i], most);
    }
    struct value *rest = spell_choice(l, "hue_green_or_blue", is[1], turns[1], turns[2]);
    return spell_choice(l, "hue_turn", is[0], turns[0], rest);
}

static struct hsv to_hsv(struct tf_layer *l, struct value *x) {
    struct value *rgb[3] = {channel(l, "red", x, 0), channel(l, "green", x, 1),
                            channel(l, "blue", x, 2)};
    struct value *most = spell_reduce(l, &op_ReduceMax, "most", x, -1, true);
    struct value *range = spell_two(l, &op_Subtract, "range", most,
                                    spell_reduce(l, &op_ReduceMin, "least", x, -1, true));
    struct value *zero = spell_number(l, "zero", x, 0), *one = spell_number(l, "one", x, 1);
    struct value *shown = spell_two(l, &op_Greater, "is_shown", most, zero);
    struct value *coloured = spell_two(l, &op_Greater, "is_coloured", range, zero);
    struct hsv out = {.value = most};
    out.saturation =
        spell_choice(l, "saturation", shown, spell_two(l, &op_Divide, "share", range, most), zero);
    struct value *turn =
        spell_choice(l, "hue_or_none", coloured, by_largest(l, rgb, most, range), zero);
    struct value *below = spell_two(l, &op_Less, "is_below", turn, zero);
    out.hue = spell_choice(l, "hue", below, spell_two(l, &op_Add, "hue_up", turn, one), turn);
    return out;
}

static struct value *clamped(struct tf_layer *l, const char *suffix, struct value *x) {
    struct node *n = build_node(&l->builder, &op_Clamp, tf_name(l, suffix), 1, &x);
    ((struct clamp *)n->attrs)->min = 0;
    ((struct clamp *)n->attrs)->max = 1;
    node_finish(n);
    return &n->outputs[0];
}

// value * (1 - saturation + saturation * strength), the strength of a channel being how near the
// hue is to it.
static struct value *to_rgb(struct tf_layer *l, const struct hsv *c) {
    static const struct {
        const char *name;
        double place, sign, shift; // sign * |6 hue - place| + shift
    } rows[] = {{"to_red", 3, 1, -1}, {"to_green", 2, -1, 2}, {"to_blue", 4, -1, 2}};
    struct value *parts[3];
    struct value *turn =
        spell_two(l, &op_Multiply, "sixths", c->hue, spell_number(l, "sixths/six", c->hue, 6));
    struct value *grey =
        spell_two(l, &op_Subtract, "grey", spell_number(l, "grey/one", c->hue, 1), c->saturation);
    for (int i = 0; i < 3; i++) {
        const char *name = rows[i].name;
        struct value *far = spell_two(
            l, &op_Subtract, arena_printf(l->arena, "%s/way", name), turn,
            spell_number(l, arena_printf(l->arena, "%s/place", name), turn, rows[i].place));
        far = spell_one(l, &op_Abs, arena_printf(l->arena, "%s/far", name), far);
        far =
            spell_two(l, &op_Multiply, arena_printf(l->arena, "%s/signed", name), far,
                      spell_number(l, arena_printf(l->arena, "%s/sign", name), far, rows[i].sign));
        far = spell_two(
            l, &op_Add, arena_printf(l->arena, "%s/near", name), far,
            spell_number(l, arena_printf(l->arena, "%s/shift", name), far, rows[i].shift));
        struct value *strength = clamped(l, arena_printf(l->arena, "%s/strength", name), far);
        struct value *shade = spell_two(
            l, &op_Multiply, arena_printf(l->arena, "%s/coloured", name), c->saturation, strength);
        shade = spell_two(l, &op_Add, arena_printf(l->arena, "%s/shade", name), grey, shade);
        parts[i] = spell_two(l, &op_Multiply, name, shade, c->value);
    }
    return build_concat(&l->builder, l->name, -1, 3, parts);
}

static bool is_coloured(struct tf_layer *l) {
    if (!tf_rank(l, 0, 1, SHAPE_MAX_RANK))
        return false;
    int64_t channels = l->inputs[0]->shape.dims[l->inputs[0]->shape.rank - 1];
    if (channels != 3 && channels != DIM_UNKNOWN)
        tf_fail(l, SHAPE_MISMATCH, "an image needs three channels");
    return channels == 3 || channels == DIM_UNKNOWN;
}

void tf_rgb_to_hsv(struct tf_layer *l) {
    if (!is_coloured(l))
        return;
    struct hsv c = to_hsv(l, l->inputs[0]);
    l->outputs[0] =
        build_concat(&l->builder, l->name, -1, 3, (struct value *[]){c.hue, c.saturation, c.value});
}

void tf_hsv_to_rgb(struct tf_layer *l) {
    if (!is_coloured(l))
        return;
    struct value *x = l->inputs[0];
    struct hsv c = {channel(l, "hue", x, 0), channel(l, "saturation", x, 1),
                    channel(l, "value", x, 2)};
    l->outputs[0] = to_rgb(l, &c);
}

// Images, a factor of the saturation.
void tf_adjust_saturation(struct tf_layer *l) {
    if (!tf_inputs(l, 2) || !is_coloured(l))
        return;
    struct hsv c = to_hsv(l, l->inputs[0]);
    c.saturation =
        clamped(l, "saturation_in_range",
                spell_two(l, &op_Multiply, "saturation_scaled", c.saturation, l->inputs[1]));
    l->outputs[0] = to_rgb(l, &c);
}

// Images, a turn of the hue, of which 1 is the whole circle.
void tf_adjust_hue(struct tf_layer *l) {
    if (!tf_inputs(l, 2) || !is_coloured(l))
        return;
    struct hsv c = to_hsv(l, l->inputs[0]);
    struct value *turned = spell_two(l, &op_Add, "hue_moved", c.hue, l->inputs[1]);
    c.hue =
        spell_two(l, &op_FloorMod, "hue_turned", turned, spell_number(l, "whole_turn", turned, 1));
    l->outputs[0] = to_rgb(l, &c);
}
