// SPDX-License-Identifier: Apache-2.0
#include "frontends/caffe/custom.h"

#include <string.h>

// --- the node ----------------------------------------------------------------

// The blobs of a layer of the mapping are called weights and biases; those of one that we know have
// numbers.
static const char *blob_name(struct layer *l, uint32_t index, bool mapped) {
    return mapped ? custom_blob_name(l->arena, index) : arena_printf(l->arena, "custom_%u", index);
}

// The layer's blobs as values; their names, separated by commas.
static const char *add_blobs(struct layer *l, struct value **values, bool mapped) {
    const char *names = "";
    for (uint32_t i = 0; i < l->source->blob_count && !l->failed; i++) {
        const char *name = blob_name(l, i, mapped);
        const struct tensor *t = layer_blob_as_is(l, i, name);
        if (t == NULL)
            break;
        values[i] = build_constant(&l->builder, layer_node(l, name), t);
        names = i == 0 ? name : arena_printf(l->arena, "%s,%s", names, name);
    }
    return names;
}

static void add_custom(struct layer *l, struct free_attr *attributes, const struct shape *shapes,
                       bool mapped) {
    uint32_t count = l->bottom_count + l->source->blob_count;
    struct value **inputs = arena_array_of(l->arena, count, struct value *);
    for (uint32_t i = 0; i < l->bottom_count; i++)
        inputs[i] = l->bottoms[i];
    const char *blobs = add_blobs(l, inputs + l->bottom_count, mapped);
    if (l->failed)
        return;
    struct custom_parts parts = {.name = l->name,
                                 .type = l->source->type,
                                 .inputs = inputs,
                                 .input_count = count,
                                 .blobs = blobs,
                                 .attributes = attributes,
                                 .shapes = shapes,
                                 .output_count = l->top_count};
    struct node *n = custom_node(&l->builder, &parts);
    for (uint32_t i = 0; i < l->top_count; i++)
        l->tops[i] = &n->outputs[i];
}

// --- layers of the mapping ---------------------------------------------------

static const struct text_field *text_param(const struct layer *l, const char *name) {
    for (const struct text_field *f = l->source->unknown; f != NULL; f = f->next)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}

static struct free_attr *attributes_of(struct layer *l, struct attribute_style style,
                                       const struct custom_layer *custom) {
    if (custom->param == NULL)
        return NULL;
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(
        &caffe__layer_parameter__descriptor, custom->param);
    if (field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE &&
        field->label == PROTOBUF_C_LABEL_OPTIONAL)
        return layer_attributes(l, layer_param(l, custom->param), style);
    const struct text_field *param = text_param(l, custom->param);
    return param == NULL ? NULL : layer_text_attributes(l, param->first, style);
}

void import_custom(struct layer *l, struct attribute_style style, const struct custom_layer *custom,
                   void (*native)(struct layer *, const void *), const void *row) {
    struct shape *shapes = arena_array_of(l->arena, l->top_count, struct shape);
    bool by_native = row != NULL && custom->output_shape == NULL;
    if (by_native)
        native(l, row);
    for (uint32_t i = 0; i < l->top_count && !l->failed; i++) {
        if (by_native && l->tops[i] != NULL)
            shapes[i] = l->tops[i]->shape;
        else
            l->failed |=
                !custom_shape(&l->builder, custom, l->bottom_count, l->bottoms, &shapes[i]);
    }
    if (!l->failed)
        add_custom(l, attributes_of(l, style, custom), shapes, true);
}

// --- layers of forks that classic IR has -------------------------------------

static void classic_only(struct layer *l, const char *param, struct shape shape) {
    const struct attribute_style style = {.all = false, .flatten = false};
    struct shape *shapes = arena_array_of(l->arena, l->top_count, struct shape);
    for (uint32_t i = 0; i < l->top_count; i++)
        shapes[i] = shape;
    add_custom(l, layer_attributes(l, layer_param(l, param), style), shapes, false);
}

static int64_t ceil_of(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

// FlowNet: products of patches of two feature maps. The runtime pads the width alone.
void import_correlation(struct layer *l) {
    const Caffe__CorrelationParameter *p = layer_param(l, "correlation_param");
    struct shape in = layer_shape(l, 0);
    if (!layer_rank(l, 0, 4, 4) || !layer_static(l, 0))
        return;
    if (p->kernel_size % 2 == 0 || p->stride_1 == 0 || p->stride_2 == 0) {
        layer_fail(l, ATTRIBUTE_VALUE,
                   p->kernel_size % 2 == 0 ? "kernel_size" : "stride_1, stride_2",
                   p->kernel_size % 2 == 0 ? "even" : "0");
        return;
    }
    int64_t radius = (p->kernel_size - 1) / 2, border = p->max_displacement + radius;
    int64_t grid = p->max_displacement / p->stride_2;
    int64_t side = p->single_direction != 0 ? grid + 1 : grid * 2 + 1;
    int64_t height = ceil_of(in.dims[2] - 2 * radius, p->stride_1);
    int64_t width = ceil_of(in.dims[3] + 2 * (int64_t)p->pad - 2 * border, p->stride_1);
    if (side > INT16_MAX || height < 1 || width < 1) {
        layer_fail(l, SHAPE_MISMATCH, "the displacement does not fit into the maps");
        return;
    }
    classic_only(l, "correlation_param", SHAPE(in.dims[0], side * side, height, width));
}

void import_data_augmentation(struct layer *l) {
    const Caffe__AugmentationParameter *p = layer_param(l, "augmentation_param");
    struct shape out = layer_shape(l, 0);
    if (!layer_rank(l, 0, 4, 4))
        return;
    if (p->crop_width != 0 || p->crop_height != 0) {
        out.dims[2] = p->crop_height;
        out.dims[3] = p->crop_width;
    }
    classic_only(l, "augmentation_param", out);
}

// Joins maps of several sizes along their channels, in the size of the largest.
void import_accum(struct layer *l) {
    const Caffe__AccumParameter *p = layer_param(l, "accum_param");
    struct shape out = {.rank = 4};
    for (uint32_t i = 0; i < l->bottom_count; i++) {
        struct shape in = layer_shape(l, i);
        if (!layer_rank(l, i, 4, 4) || !layer_static(l, i))
            return;
        out.dims[0] = in.dims[0];
        out.dims[1] += in.dims[1];
        bool reference = p->have_reference && i + 1 == l->bottom_count;
        for (int k = 2; k < 4; k++)
            out.dims[k] = reference || in.dims[k] > out.dims[k] ? in.dims[k] : out.dims[k];
    }
    int64_t wanted[] = {p->top_height, p->top_width}, step = p->size_divisible_by;
    for (int k = 2; k < 4 && step != 0; k++)
        wanted[k - 2] = ceil_of(out.dims[k], step) * step;
    if (!p->have_reference && wanted[0] > out.dims[2] && wanted[1] > out.dims[3]) {
        out.dims[2] = wanted[0];
        out.dims[3] = wanted[1];
    }
    classic_only(l, "accum_param", out);
}

void import_simpler_nms(struct layer *l) {
    const Caffe__SimplerNMSParameter *p = layer_param(l, "simpler_nms_param");
    if (p->feat_stride != 16 || p->post_nms_topn < 1) {
        layer_fail(l, ATTRIBUTE_VALUE, p->post_nms_topn < 1 ? "post_nms_topn" : "feat_stride",
                   p->post_nms_topn < 1 ? "less than 1" : "anything but 16");
        return;
    }
    classic_only(l, "simpler_nms_param", SHAPE(p->post_nms_topn, 5));
}

void import_spatial_transformer(struct layer *l) {
    const Caffe__SpatialTransformerParameter *p = layer_param(l, "st_param");
    struct shape out = layer_shape(l, 0);
    if (!layer_rank(l, 0, 4, 4))
        return;
    if (p->has_output_h)
        out.dims[2] = p->output_h;
    if (p->has_output_w)
        out.dims[3] = p->output_w;
    classic_only(l, "st_param", out);
}

void import_power_file(struct layer *l) {
    classic_only(l, "power_file_param", layer_shape(l, 0));
}
