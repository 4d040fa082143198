// SPDX-License-Identifier: Apache-2.0
// The summary of an IR: v10 and v11 have Parameter and Result layers, classic ones Input layers and
// outputs that nothing reads.
#include <errno.h>
#include <libxml/parser.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/dtype.h"
#include "compiler/base/limits.h"
#include "compiler/base/map.h"
#include "compiler/base/names.h"
#include "compiler/base/strbuf.h"
#include "compiler/verify/summary.h"
#include "compiler/verify/xmlwalk.h"

struct ir {
    struct arena *arena;
    struct model_summary *summary;
    bool classic;
    struct names *layers;  // id -> layer
    struct names *sources; // "layer port" of an input -> "layer port" of an output
    struct names *used;    // "layer port" of an output that is read
};

static char *end_of(struct arena *arena, const xmlNode *edge, const char *layer, const char *port) {
    return arena_printf(arena, "%s %s", xml_need_attr(arena, edge, layer),
                        xml_need_attr(arena, edge, port));
}

static void index_network(struct ir *ir, const xmlNode *net) {
    XML_EACH(xml_child(net, "layers"), "layer", l) {
        *names_slot(ir->layers, xml_need_attr(ir->arena, l, "id")) = l;
    }
    XML_EACH(xml_child(net, "edges"), "edge", e) {
        char *from = end_of(ir->arena, e, "from-layer", "from-port");
        *names_slot(ir->sources, end_of(ir->arena, e, "to-layer", "to-port")) = from;
        *names_slot(ir->used, from) = e;
    }
}

// --- ports --------------------------------------------------------------------------------------

static const char *shape_of(struct ir *ir, const xmlNode *port) {
    struct strbuf text = STRBUF_INIT;
    strbuf_putc(&text, '[');
    XML_EACH(port, "dim", d) {
        const char *dim = xml_text(ir->arena, d);
        strbuf_printf(&text, "%s%s", text.length > 1 ? "," : "",
                      strcmp(dim, "-1") == 0 ? "?" : dim);
    }
    strbuf_putc(&text, ']');
    const char *copy = arena_strdup(ir->arena, text.data);
    strbuf_free(&text);
    return copy;
}

// Both dialects spell ports' types in capitals: FP32 is f32.
static const char *type_of(struct ir *ir, const xmlNode *layer, const xmlNode *port) {
    const char *precision = xml_need_attr(ir->arena, port, "precision");
    if (*precision == '\0')
        precision = xml_need_attr(ir->arena, layer, "precision");
    enum dtype type = dtype_from_classic_name(precision);
    return type != DT_UNKNOWN ? dtype_opset_name(type) : precision;
}

static const char *shapes_of(struct ir *ir, const xmlNode *layer) {
    struct strbuf text = STRBUF_INIT;
    XML_EACH(xml_child(layer, "output"), "port", p) {
        strbuf_printf(&text, "%s%s", text.length > 0 ? " " : "", shape_of(ir, p));
    }
    const char *copy = arena_strdup(ir->arena, text.data);
    strbuf_free(&text);
    return copy;
}

static void add_value(struct ir *ir, struct summary_list *list, const char *name,
                      const xmlNode *layer, const xmlNode *port) {
    struct summary_value value = {name, type_of(ir, layer, port), shape_of(ir, port)};
    summary_add_value(ir->arena, list, value);
}

// A port's first tensor name, else the layer's name.
static const char *port_name(struct ir *ir, const xmlNode *layer, const xmlNode *port) {
    const char *names = xml_need_attr(ir->arena, port, "names");
    return *names != '\0' ? arena_strndup(ir->arena, names, strcspn(names, ","))
                          : xml_need_attr(ir->arena, layer, "name");
}

// The name of the port "LAYER PORT", or `otherwise`.
static const char *source_name(struct ir *ir, const char *source, const char *otherwise) {
    size_t length = strcspn(source, " ");
    const xmlNode *layer = names_find(ir->layers, arena_strndup(ir->arena, source, length));
    const char *port = source[length] == ' ' ? source + length + 1 : "";
    XML_EACH(xml_child(layer, "output"), "port", p) {
        if (strcmp(xml_need_attr(ir->arena, p, "id"), port) == 0)
            return port_name(ir, layer, p);
    }
    return otherwise;
}

static void add_result(struct ir *ir, const xmlNode *result) {
    const xmlNode *port = xml_child(xml_child(result, "input"), "port");
    if (port == NULL)
        return;
    const char *key = arena_printf(ir->arena, "%s %s", xml_need_attr(ir->arena, result, "id"),
                                   xml_need_attr(ir->arena, port, "id"));
    const char *source = names_find(ir->sources, key);
    const char *name = xml_need_attr(ir->arena, result, "name");
    add_value(ir, &ir->summary->outputs, source != NULL ? source_name(ir, source, name) : name,
              result, port);
}

static void add_unused(struct ir *ir, const xmlNode *layer) {
    XML_EACH(xml_child(layer, "output"), "port", p) {
        const char *key = arena_printf(ir->arena, "%s %s", xml_need_attr(ir->arena, layer, "id"),
                                       xml_need_attr(ir->arena, p, "id"));
        if (names_find(ir->used, key) == NULL)
            add_value(ir, &ir->summary->outputs, xml_need_attr(ir->arena, layer, "name"), layer, p);
    }
}

// --- layers -------------------------------------------------------------------------------------

static void add_bytes(struct ir *ir, const char *size) {
    ir->summary->constants++;
    ir->summary->constant_bytes += strtoull(size, NULL, 10);
}

static void add_blobs(struct ir *ir, const xmlNode *layer) {
    const xmlNode *blobs = xml_child(layer, "blobs");
    for (xmlNode *b = blobs != NULL ? blobs->children : NULL; b != NULL; b = b->next)
        if (b->type == XML_ELEMENT_NODE)
            add_bytes(ir, xml_need_attr(ir->arena, b, "size"));
}

static void add_layers(struct ir *ir, const xmlNode *net, bool outermost);

static void add_layer(struct ir *ir, const xmlNode *layer, bool outermost) {
    const char *type = xml_need_attr(ir->arena, layer, "type"),
               *name = xml_need_attr(ir->arena, layer, "name");
    const xmlNode *port = xml_child(xml_child(layer, "output"), "port");
    bool is_input = strcmp(type, ir->classic ? "Input" : "Parameter") == 0;
    bool is_result = !ir->classic && strcmp(type, "Result") == 0;
    if (is_input && outermost && port != NULL)
        add_value(ir, &ir->summary->inputs, port_name(ir, layer, port), layer, port);
    if (is_result && outermost)
        add_result(ir, layer);
    if (strcmp(type, "Const") == 0)
        add_bytes(ir, xml_need_attr(ir->arena, xml_child(layer, "data"), "size"));
    else if (!is_input && !is_result)
        summary_add_layer(ir->summary, (struct summary_layer){name, type, shapes_of(ir, layer)});
    if (ir->classic)
        add_blobs(ir, layer);
    if (ir->classic && outermost)
        add_unused(ir, layer);
    if (outermost) // the readers know no loop in a loop
        add_layers(ir, xml_child(layer, "body"), false);
}

static void add_layers(struct ir *ir, const xmlNode *net, bool outermost) {
    XML_EACH(xml_child(net, "layers"), "layer", l) {
        add_layer(ir, l, outermost);
    }
}

static bool malformed(struct diag *diag, const char *path, long line, const char *why) {
    struct place place = {.file = path, .line = line > 0 ? (uint32_t)line : 0};
    diag_report(diag, &place, MALFORMED, "IR", why);
    return false;
}

// The parser's own message, without the newline at its end.
static bool report_xml(struct arena *arena, struct diag *diag, const char *path,
                       const xmlParserCtxt *parser) {
    const char *why = parser->lastError.message != NULL ? parser->lastError.message : "no XML";
    return malformed(diag, path, parser->lastError.line,
                     arena_strndup(arena, why, strcspn(why, "\n")));
}

static bool summarize(struct ir *ir, struct diag *diag, const char *path, const xmlNode *root) {
    struct arena *arena = ir->arena;
    long version = root != NULL ? strtol(xml_need_attr(arena, root, "version"), NULL, 10) : 0;
    if (root == NULL || !xml_is(root, "net") || version < 1 || version > 99)
        return malformed(diag, path, 0, "it is no <net> with a version");
    ir->classic = version < 10;
    *ir->summary = (struct model_summary){.arena = arena};
    ir->summary->name = xml_need_attr(arena, root, "name");
    ir->summary->format = arena_printf(arena, "IR version %ld", version);
    ir->layers = names_new(arena);
    ir->sources = names_new(arena);
    ir->used = names_new(arena);
    index_network(ir, root);
    add_layers(ir, root, true);
    return true;
}

bool summary_of_ir(struct arena *arena, struct diag *diag, const char *path,
                   struct model_summary *out) {
    struct ir ir = {.arena = arena, .summary = out};
    struct slice file;
    if (!map_file(arena, path, &file)) {
        diag_report(diag, NULL, FILE_OPEN, path, strerror(errno));
        return false;
    }
    if (file.size > limits.text_bytes || file.size > INT_MAX)
        return malformed(diag, path, 0, "it is too large");
    xmlParserCtxt *parser = xmlNewParserCtxt();
    xmlDoc *doc = xmlCtxtReadMemory(parser, (const char *)file.data, (int)file.size, path, NULL,
                                    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    bool ok = doc != NULL ? summarize(&ir, diag, path, xmlDocGetRootElement(doc))
                          : report_xml(arena, diag, path, parser);
    xmlFreeDoc(doc);
    xmlFreeParserCtxt(parser);
    return ok;
}
