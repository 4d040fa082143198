// SPDX-License-Identifier: Apache-2.0
// The options that the front end reads.
#include "compiler/driver/driver.h"
#include "compiler/options/values.h"

bool driver_names(struct conversion *c, enum option_id id, struct option_names *out) {
    struct option_parser p = {c->arena, c->diag, NULL, option_table[id].name};
    const char *text = option_text(c->options, id);
    *out = (struct option_names){0};
    return text == NULL || option_parse_names(&p, text, out);
}

// An option's text for a front end: NULL when it is not given, "true" for a flag that is set.
static const char *option_by_name(const void *options, const char *name) {
    const struct option_def *def = option_find(name);
    if (def == NULL)
        return NULL;
    const char *text = ((const struct option_values *)options)->text[option_id_of(def)];
    bool unset = def->kind == OPTION_FLAG && text != NULL && strcmp(text, "false") == 0;
    return unset ? NULL : text;
}

static void take_shape(const struct option_dims *dims, struct import_input *to) {
    to->has_shape = true;
    to->shape = shape_make((int32_t)dims->rank, dims->dims);
    for (uint32_t i = 0; i < dims->rank; i++)
        if (dims->dims[i] == -1 && (dims->least[i] > 0 || dims->most[i] >= 0)) {
            to->least = dims->least;
            to->most = dims->most;
        }
}

static void take_input(const struct option_input *from, struct import_input *to) {
    *to = (struct import_input){.name = from->name,
                                .port = from->port,
                                .port_is_input = from->port_is_input,
                                .type = from->type,
                                .frozen_value = from->value};
    if (from->has_shape)
        take_shape(&from->shape, to);
}

// A value to freeze with goes to the input of that name, or becomes an input of its own.
static void take_frozen(const struct option_input *from, struct import_input *inputs,
                        uint32_t *count) {
    for (uint32_t i = 0; i < *count; i++)
        if (inputs[i].name != NULL && strcmp(inputs[i].name, from->name) == 0) {
            inputs[i].frozen_value = from->value;
            return;
        }
    take_input(from, &inputs[(*count)++]);
}

static bool parse(struct conversion *c, struct option_inputs *inputs, struct option_shapes *shapes,
                  struct option_inputs *frozen) {
    const char *const *text = c->options->text;
    struct option_parser p = {.arena = c->arena, .diag = c->diag, .option = "input"};
    *inputs = *frozen = (struct option_inputs){0};
    *shapes = (struct option_shapes){0};
    return (text[OPT_input] == NULL || option_parse_inputs(&p, text[OPT_input], inputs)) &&
           (text[OPT_input_shape] == NULL ||
            option_parse_shapes(&p, text[OPT_input_shape], shapes)) &&
           (text[OPT_freeze_placeholder_with_value] == NULL ||
            option_parse_freeze(&p, text[OPT_freeze_placeholder_with_value], frozen));
}

static bool import_inputs(struct conversion *c, struct import_options *out) {
    struct option_inputs named, frozen;
    struct option_shapes shapes;
    if (!parse(c, &named, &shapes, &frozen))
        return false;
    uint32_t count = named.count > 0 ? named.count : shapes.count;
    struct import_input *inputs =
        arena_array_of(c->arena, count + frozen.count, struct import_input);
    for (uint32_t i = 0; i < count; i++) {
        inputs[i].port = -1;
        if (i < named.count)
            take_input(&named.items[i], &inputs[i]);
        if (i < shapes.count)
            take_shape(&shapes.items[i], &inputs[i]);
    }
    for (uint32_t i = 0; i < frozen.count; i++)
        take_frozen(&frozen.items[i], inputs, &count);
    out->inputs = inputs;
    out->input_count = count;
    out->inputs_given = named.count > 0;
    return true;
}

bool driver_import_options(struct conversion *c, struct import_options *out) {
    const char *const *text = c->options->text;
    struct option_names outputs;
    *out = (struct import_options){.model = text[OPT_input_model],
                                   .proto = text[OPT_input_proto],
                                   .symbol = text[OPT_input_symbol],
                                   .custom_layers = text[OPT_k],
                                   .option = option_by_name,
                                   .options = c->options};
    if (text[OPT_extensions] != NULL &&
        !extensions_load(c->arena, c->diag, text[OPT_extensions], &out->extensions))
        return false;
    if (text[OPT_batch] != NULL)
        out->batch = strtoll(text[OPT_batch], NULL, 10);
    if (text[OPT_output] != NULL) {
        if (!driver_names(c, OPT_output, &outputs))
            return false;
        out->outputs = outputs.items;
        out->output_count = outputs.count;
    }
    return import_inputs(c, out);
}
