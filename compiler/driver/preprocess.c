// SPDX-License-Identifier: Apache-2.0
// Mean and scale of each input of the model, from --mean_values, --scale_values and --scale.
#include "compiler/driver/driver.h"
#include "compiler/options/values.h"

struct matcher {
    struct conversion *c;
    struct graph *g;
    struct option_inputs named;      // --input
    struct input_preprocess *inputs; // one for each parameter of the graph
};

static bool value_is_called(const struct value *v, const char *name) {
    for (const struct source_name *n = v->names; n != NULL; n = n->next)
        if (strcmp(n->name, name) == 0)
            return true;
    return false;
}

// A cut at a node makes inputs that are called "NODE/placeholder_...".
static bool is_cut_at(const struct node *parameter, const char *name) {
    size_t length = strlen(name);
    return strncmp(parameter->name, name, length) == 0 &&
           strncmp(parameter->name + length, "/placeholder_", strlen("/placeholder_")) == 0;
}

// By its own name, by one that its value had in the source model, or by the node where it was cut.
struct node *driver_find_parameter(struct graph *g, const char *name) {
    for (uint32_t i = 0; i < g->parameters.count; i++)
        if (strcmp(g->parameters.items[i]->name, name) == 0)
            return g->parameters.items[i];
    for (uint32_t i = 0; i < g->parameters.count; i++)
        if (value_is_called(&g->parameters.items[i]->outputs[0], name))
            return g->parameters.items[i];
    for (uint32_t i = 0; i < g->parameters.count; i++)
        if (is_cut_at(g->parameters.items[i], name))
            return g->parameters.items[i];
    return NULL;
}

static struct input_preprocess *find_input(const struct matcher *m, const char *name) {
    const struct node *parameter = driver_find_parameter(m->g, name);
    for (uint32_t i = 0; i < m->g->parameters.count; i++)
        if (m->g->parameters.items[i] == parameter)
            return &m->inputs[i];
    return NULL;
}

// The input that list `index` belongs to: by its name, by --input, or by the order of the model.
static struct input_preprocess *list_input(const struct matcher *m,
                                           const struct option_channels *list, uint32_t index) {
    const char *name = list->name;
    struct input_preprocess *in = NULL;
    if (name == NULL && index < m->named.count) {
        const struct option_input *named = &m->named.items[index];
        name = named->name;
        if (named->port >= 0)
            in = find_input(m, arena_printf(m->c->arena, "%s/placeholder%s_port_%d", name,
                                            named->port_is_input ? "" : "_out", named->port));
    }
    if (in == NULL)
        in = name != NULL ? find_input(m, name) : &m->inputs[index];
    if (in == NULL)
        diag_report(m->c->diag, NULL, INPUT_MISSING, name);
    return in;
}

static bool match_lists(const struct matcher *m, enum option_id id, bool is_mean) {
    struct option_parser p = {m->c->arena, m->c->diag, NULL, option_table[id].name};
    struct option_channel_lists lists;
    const char *text = m->c->options->text[id];
    if (text == NULL)
        return true;
    if (!option_parse_channels(&p, text, &lists))
        return false;
    bool by_order = lists.items[0].name == NULL && m->named.count == 0;
    if (by_order && lists.count != m->g->parameters.count) {
        diag_report(m->c->diag, NULL, VALUES_WITHOUT_INPUT, lists.count, m->g->parameters.count);
        return false;
    }
    for (uint32_t i = 0; i < lists.count; i++) {
        struct input_preprocess *in = list_input(m, &lists.items[i], i);
        if (in == NULL)
            return false;
        *(is_mean ? &in->mean : &in->scale) = lists.items[i].values;
        *(is_mean ? &in->mean_count : &in->scale_count) = lists.items[i].count;
    }
    return true;
}

// --scale goes to every input that holds real numbers.
static void match_scale(const struct matcher *m) {
    const char *text = m->c->options->text[OPT_scale];
    if (text == NULL)
        return;
    double *scale = arena_new_of(m->c->arena, double);
    *scale = strtod(text, NULL);
    for (uint32_t i = 0; i < m->g->parameters.count; i++)
        if (dtype_is_float(m->g->parameters.items[i]->outputs[0].type)) {
            m->inputs[i].scale = scale;
            m->inputs[i].scale_count = 1;
        }
}

// --mean_file goes to the one input of the model.
static bool match_mean_file(const struct matcher *m) {
    struct conversion *c = m->c;
    const char *path = c->options->text[OPT_mean_file];
    const char *offsets_text = c->options->text[OPT_mean_file_offsets];
    struct option_parser p = {c->arena, c->diag, NULL, "mean_file_offsets"};
    int64_t offsets[2];
    if (path == NULL || !driver_option_serves(c, &option_table[OPT_mean_file]))
        return true;
    if (m->g->parameters.count != 1) {
        diag_report(c->diag, NULL, MEAN_FILE_INPUTS, m->g->parameters.count);
        return false;
    }
    if (offsets_text != NULL && !option_parse_offsets(&p, offsets_text, offsets))
        return false;
    if (c->frontend->mean_image == NULL) {
        diag_report(c->diag, NULL, NOT_SUPPORTED, "option 'mean_file'", c->frontend->title);
        return false;
    }
    m->inputs[0].mean_image = c->frontend->mean_image(
        m->g, path, offsets_text != NULL ? offsets : NULL, m->g->parameters.items[0]);
    return m->inputs[0].mean_image != NULL;
}

bool driver_preprocess(struct conversion *c, struct graph *g, struct pass_options *out) {
    struct matcher m = {.c = c, .g = g};
    struct option_parser p = {.arena = c->arena, .diag = c->diag, .option = "input"};
    const char *input = c->options->text[OPT_input];
    m.inputs = arena_array_of(c->arena, g->parameters.count, struct input_preprocess);
    for (uint32_t i = 0; i < g->parameters.count; i++)
        m.inputs[i].parameter = g->parameters.items[i]->name;
    if (input != NULL && !option_parse_inputs(&p, input, &m.named))
        return false;
    match_scale(&m);
    if (!match_mean_file(&m) || !match_lists(&m, OPT_mean_values, true) ||
        !match_lists(&m, OPT_scale_values, false))
        return false;
    out->preprocess = m.inputs;
    out->preprocess_count = g->parameters.count;
    return true;
}
