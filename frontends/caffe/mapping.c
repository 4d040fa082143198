// SPDX-License-Identifier: Apache-2.0
// CustomLayersMapping.xml.
#include <libxml/parser.h>
#include <string.h>
#include <strings.h>

#include "frontends/caffe/custom.h"
#include "frontends/source.h"

struct reader {
    struct arena *arena;
    struct diag *diag;
    const char *path;
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
    if (!no && param == NULL)
        return refuse(r, line, "hasParam is true, but there is no protoParamName");
    if (is_known(known, type)) {
        struct place place = {.file = r->path, .line = (uint32_t)line, .column = 1};
        diag_report(r->diag, &place, CUSTOM_NAME_TWICE, type);
        return false;
    }
    struct custom_layer *layer = arena_new_of(r->arena, struct custom_layer);
    *layer = (struct custom_layer){.type = type,
                                   .param = no ? NULL : param,
                                   .output_shape = attribute(r, node, "outputShape")};
    *r->last = layer;
    r->last = &layer->next;
    return true;
}

static bool read_document(struct reader *r, xmlDoc *document, struct custom_mapping *out) {
    xmlNode *root = xmlDocGetRootElement(document);
    bool good = true;
    r->last = &out->layers;
    for (xmlNode *node = root == NULL ? NULL : root->children; node != NULL; node = node->next) {
        if (node->type != XML_ELEMENT_NODE)
            continue;
        if (strcmp((const char *)node->name, "CustomLayer") != 0)
            good = refuse(r, xmlGetLineNo(node), "only CustomLayer may stand here");
        else
            good &= read_layer(r, node, out->layers);
    }
    return good;
}

static bool is_set(const struct import_options *options, const char *name) {
    return options->option != NULL && options->option(options->options, name) != NULL;
}

bool custom_read(struct arena *arena, struct diag *diag, const struct import_options *options,
                 struct custom_mapping *out) {
    struct reader r = {.arena = arena, .diag = diag, .path = options->custom_layers};
    struct slice bytes;
    *out = (struct custom_mapping){
        .style = {.all = is_set(options, "disable_omitting_optional"),
                  .flatten = is_set(options, "enable_flattening_nested_params")}};
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

const struct custom_layer *custom_find(const struct custom_mapping *mapping, const char *type) {
    const struct custom_layer *layer = mapping->layers;
    while (layer != NULL && strcasecmp(layer->type, type) != 0)
        layer = layer->next;
    return layer;
}
