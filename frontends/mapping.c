// SPDX-License-Identifier: Apache-2.0
#include "frontends/mapping.h"

#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "compiler/ops/indexing.h"
#include "frontends/source.h"

// --- reading -------------------------------------------------------------------------------------

struct reader {
    struct arena *arena;
    struct diag *diag;
    const char *path;
    bool named;
    struct custom_layer **last;
};

static bool refuse(const struct reader *r, long line, const char *why) {
    struct place place = {.file = r->path, .line = line > 0 ? (uint32_t)line : 0, .column = 1};
    diag_report(r->diag, &place, CUSTOM_MAPPING, why);
    return false;
}

static const char *attribute(const struct reader *r, xmlNode *node, const char *name) {
    xmlChar *value = xmlGetNoNsProp(node, (const xmlChar *)name);
    if (value == NULL)
        return NULL;
    const char *copy = arena_strdup(r->arena, (const char *)value);
    xmlFree(value);
    return copy;
}

static bool is_known(const struct custom_layer *layers, const char *type) {
    for (; layers != NULL; layers = layers->next)
        if (strcasecmp(layers->type, type) == 0)
            return true;
    return false;
}

static bool read_layer(struct reader *r, xmlNode *node, const struct custom_layer *known) {
    const char *type = attribute(r, node, "NativeType"), *has = attribute(r, node, "hasParam");
    const char *param = attribute(r, node, "protoParamName");
    long line = xmlGetLineNo(node);
    if (type == NULL || has == NULL)
        return refuse(r, line, "CustomLayer needs the attributes NativeType and hasParam");
    bool no = strcasecmp(has, "false") == 0;
    if (!no && strcasecmp(has, "true") != 0)
        return refuse(r, line, "hasParam is neither true nor false");
    if (!no && param == NULL && r->named)
        return refuse(r, line, "hasParam is true, but there is no protoParamName");
    if (is_known(known, type)) {
        struct place place = {.file = r->path, .line = (uint32_t)line, .column = 1};
        diag_report(r->diag, &place, CUSTOM_NAME_TWICE, type);
        return false;
    }
    struct custom_layer *layer = arena_new_of(r->arena, struct custom_layer);
    *layer = (struct custom_layer){.type = type,
                                   .has_param = !no,
                                   .param = no ? NULL : param,
                                   .output_shape = attribute(r, node, "outputShape")};
    *r->last = layer;
    r->last = &layer->next;
    return true;
}

static bool read_document(struct reader *r, xmlDoc *document, struct custom_layer **out) {
    xmlNode *root = xmlDocGetRootElement(document);
    bool good = true;
    r->last = out;
    for (xmlNode *node = root == NULL ? NULL : root->children; node != NULL; node = node->next) {
        if (node->type != XML_ELEMENT_NODE)
            continue;
        if (strcmp((const char *)node->name, "CustomLayer") != 0)
            good = refuse(r, xmlGetLineNo(node), "only CustomLayer may stand here");
        else
            good &= read_layer(r, node, *out);
    }
    return good;
}

bool custom_read(struct arena *arena, struct diag *diag, const struct import_options *options,
                 bool named, struct custom_layer **out) {
    struct reader r = {
        .arena = arena, .diag = diag, .path = options->custom_layers, .named = named};
    struct slice bytes;
    *out = NULL;
    if (r.path == NULL)
        return true;
    if (!source_open(arena, diag, r.path, &bytes))
        return false;
    if (bytes.size > INT32_MAX)
        return refuse(&r, 0, "the file is too large");
    xmlDoc *document = xmlReadMemory((const char *)bytes.data, (int)bytes.size, NULL, NULL,
                                     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (document == NULL) {
        const xmlError *error = xmlGetLastError();
        return refuse(&r, error == NULL ? 0 : error->line, "the file is no well-formed XML");
    }
    bool good = read_document(&r, document, out);
    xmlFreeDoc(document);
    return good;
}

const struct custom_layer *custom_find(const struct custom_layer *layers, const char *type) {
    while (layers != NULL && strcasecmp(layers->type, type) != 0)
        layers = layers->next;
    return layers;
}

// --- nodes ---------------------------------------------------------------------------------------

// "1,5" or "[1, 5]"; false when it is neither.
static bool read_shape(const char *text, struct shape *out) {
    *out = (struct shape){.rank = 0};
    for (text += strspn(text, " ["); *text != '\0' && *text != ']';) {
        char *end;
        long dim = strtol(text, &end, 10);
        if (end == text || dim <= 0 || out->rank == SHAPE_MAX_RANK)
            return false;
        out->dims[out->rank++] = dim;
        text = end + strspn(end, " ,");
    }
    return out->rank > 0;
}

bool custom_shape(struct builder *b, const struct custom_layer *custom, uint32_t input_count,
                  struct value *const *inputs, struct shape *out) {
    struct diag *diag = b->graph->diag;
    bool said = custom->output_shape != NULL;
    if (said && strcmp(custom->output_shape, "same") != 0) {
        if (read_shape(custom->output_shape, out))
            return true;
        diag_report(diag, &b->place, FALLBACK_INFER, b->place.layer,
                    "outputShape is neither 'same' nor a list such as 1,5");
        return false;
    }
    if (input_count == 0) {
        diag_report(diag, &b->place, FALLBACK_NO_CAFFE, b->place.layer);
        return false;
    }
    if (!said)
        diag_report(diag, &b->place, CUSTOM_SHAPE, custom->type);
    *out = inputs[0]->shape;
    return true;
}

static struct ints pack_shapes(struct arena *arena, const struct shape *shapes, uint32_t count) {
    int64_t *data = arena_array_of(arena, (uint64_t)count * (SHAPE_MAX_RANK + 1), int64_t);
    uint32_t used = 0;
    for (uint32_t i = 0; i < count; i++) {
        data[used++] = shapes[i].rank;
        for (int32_t k = 0; k < shapes[i].rank; k++)
            data[used++] = shapes[i].dims[k];
    }
    return (struct ints){.data = data, .count = used};
}

struct node *custom_node(struct builder *b, const struct custom_parts *parts) {
    struct node *n = build_node(b, &op_Custom, parts->name, parts->input_count, parts->inputs);
    struct custom *a = n->attrs;
    a->type = parts->type;
    a->blobs = parts->blobs;
    a->output_type = DT_F32;
    a->shapes = pack_shapes(b->graph->arena, parts->shapes, parts->output_count);
    a->attributes = parts->attributes;
    node_set_output_count(n, parts->output_count);
    node_finish(n);
    return n;
}

const char *custom_blob_name(struct arena *arena, uint32_t index) {
    static const char *const known[] = {"weights", "biases"};
    return index < 2 ? known[index] : arena_printf(arena, "custom_%u", index);
}
