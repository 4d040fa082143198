// SPDX-License-Identifier: Apache-2.0
// From an IR's .xml and .bin to its table.
#include <inttypes.h>
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/dtype.h"
#include "compiler/base/map.h"
#include "compiler/base/names.h"
#include "compiler/base/strbuf.h"
#include "compiler/verify/xmlwalk.h"
#include "tests/tools/parts/irtable.h"

struct net { // one network: the whole, or a TensorIterator's body
    struct ir_table *table;
    struct slice bin;
    const char *prefix;
    struct names *layers;  // id -> xmlNode of the layer
    struct names *sources; // "layer port" -> where it comes from
};

static const char *need(struct arena *arena, const xmlNode *n, const char *name) {
    const char *value = xml_find_attr(arena, n, name);
    return value != NULL ? value : "?";
}

// Numbers of a comma list in one spelling, anything else unchanged.
static const char *spell(struct arena *arena, const char *text) {
    struct strbuf out = STRBUF_INIT;
    for (const char *at = text;;) {
        size_t length = strcspn(at, ",");
        const char *part = arena_strndup(arena, at, length);
        char *end;
        double value = strtod(part, &end);
        if (end != part && *end == '\0')
            strbuf_printf(&out, "%.7g", value);
        else
            strbuf_puts(&out, part);
        at += length;
        if (*at == '\0')
            break;
        strbuf_putc(&out, *at++);
    }
    const char *copy = arena_strdup(arena, out.data);
    strbuf_free(&out);
    return copy;
}

static int by_key(const void *a, const void *b) {
    return strcmp(((const struct ir_attr *)a)->key, ((const struct ir_attr *)b)->key);
}

// Attributes of `n`; `only`, when not NULL, ends with NULL and names the ones wanted.
static void read_attrs(struct arena *arena, const xmlNode *n, const char *const *only,
                       struct ir_layer *layer) {
    size_t count = 0;
    for (const xmlAttr *a = n != NULL ? n->properties : NULL; a != NULL; a = a->next)
        count++;
    layer->attrs = arena_array_of(arena, count + 1, struct ir_attr);
    for (const xmlAttr *a = n != NULL ? n->properties : NULL; a != NULL; a = a->next) {
        const char *key = (const char *)a->name;
        size_t i = 0;
        while (only != NULL && only[i] != NULL && strcmp(only[i], key) != 0)
            i++;
        if (only == NULL || only[i] != NULL)
            layer->attrs[layer->attr_count++] =
                (struct ir_attr){arena_strdup(arena, key), spell(arena, need(arena, n, key))};
    }
    qsort(layer->attrs, layer->attr_count, sizeof(struct ir_attr), by_key);
}

// --- blobs --------------------------------------------------------------------------------------

static void add_up(struct slice data, enum dtype type, struct ir_blob *blob) {
    enum { CYCLE = 251, BLOCK = CYCLE * 16 };
    double block[BLOCK];
    uint64_t count = data.size / dtype_size(type);
    for (uint64_t done = 0; done < count;) {
        uint64_t n = count - done < BLOCK ? count - done : BLOCK;
        dtype_convert(type, data.data + done * dtype_size(type), DT_F64, block, n);
        for (uint64_t i = 0; i < n; i++) {
            blob->sum += block[i];
            blob->absolute += block[i] < 0 ? -block[i] : block[i];
            blob->placed += block[i] * (((double)(i % CYCLE) - 125) / 125.0);
        }
        done += n;
    }
    blob->has_sums = 1;
}

static void read_blobs(struct net *net, const xmlNode *xml, struct ir_layer *layer) {
    struct arena *arena = net->table->arena;
    const char *precision = xml_find_attr(arena, xml, "precision");
    size_t count = 0;
    for (xmlNode *b = xml_child(xml, "blobs") ? xml_child(xml, "blobs")->children : NULL; b;
         b = b->next)
        count += b->type == XML_ELEMENT_NODE;
    layer->blobs = arena_array_of(arena, count + 1, struct ir_blob);
    for (xmlNode *b = xml_child(xml, "blobs") ? xml_child(xml, "blobs")->children : NULL; b;
         b = b->next) {
        if (b->type != XML_ELEMENT_NODE)
            continue;
        struct ir_blob *blob = &layer->blobs[layer->blob_count++];
        const char *own = xml_find_attr(arena, b, "precision"),
                   *size = xml_find_attr(arena, b, "size");
        const char *offset = xml_find_attr(arena, b, "offset");
        own = own != NULL ? own : precision;
        enum dtype type = own != NULL ? dtype_from_classic_name(own) : DT_UNKNOWN;
        type = type == DT_UNKNOWN ? DT_F32 : type;
        blob->kind = arena_strdup(arena, (const char *)b->name);
        blob->bytes = size != NULL ? strtoull(size, NULL, 10) : 0;
        blob->element = dtype_size(type);
        struct slice data;
        uint64_t at = offset != NULL ? strtoull(offset, NULL, 10) : 0;
        if (blob->bytes % blob->element == 0 && slice_sub(net->bin, at, blob->bytes, &data))
            add_up(data, type, blob);
    }
}

// --- ports and edges ----------------------------------------------------------------------------

// Place of the port among the layer's inputs or outputs.
static int place(struct arena *arena, const xmlNode *layer, const char *side, const char *port) {
    int i = 0;
    XML_EACH(xml_child(layer, side), "port", p) {
        if (port != NULL && strcmp(need(arena, p, "id"), port) == 0)
            return i;
        i++;
    }
    return -1;
}

static const char *shapes(struct arena *arena, const xmlNode *layer) {
    struct strbuf out = STRBUF_INIT;
    int ports = 0;
    XML_EACH(xml_child(layer, "output"), "port", p) {
        strbuf_puts(&out, ports++ > 0 ? ";" : "");
        int dims = 0;
        XML_EACH(p, "dim", d) {
            strbuf_printf(&out, "%s%s", dims++ > 0 ? "," : "", xml_text(arena, d));
        }
    }
    const char *copy = arena_strdup(arena, out.data);
    strbuf_free(&out);
    return copy;
}

static void index_net(struct net *net, const xmlNode *xml) {
    struct arena *arena = net->table->arena;
    net->layers = names_new(arena);
    net->sources = names_new(arena);
    XML_EACH(xml_child(xml, "layers"), "layer", l) {
        *names_slot(net->layers, need(arena, l, "id")) = l;
    }
    XML_EACH(xml_child(xml, "edges"), "edge", e) {
        const xmlNode *from = names_find(net->layers, need(arena, e, "from-layer"));
        if (from == NULL)
            continue;
        int port = place(arena, from, "output", xml_find_attr(arena, e, "from-port"));
        const char *to =
            arena_printf(arena, "%s %s", need(arena, e, "to-layer"), need(arena, e, "to-port"));
        *names_slot(net->sources, to) =
            arena_printf(arena, "%s%s.%d", net->prefix, need(arena, from, "name"), port);
    }
}

static void read_sources(struct net *net, const xmlNode *xml, struct ir_layer *layer) {
    struct arena *arena = net->table->arena;
    size_t count = 0;
    XML_EACH(xml_child(xml, "input"), "port", p) {
        count++;
    }
    layer->sources = arena_array_of(arena, count + 1, const char *);
    XML_EACH(xml_child(xml, "input"), "port", p) {
        const char *key =
            arena_printf(arena, "%s %s", need(arena, xml, "id"), need(arena, p, "id"));
        const char *source = names_find(net->sources, key);
        layer->sources[layer->source_count++] = source != NULL ? source : "?";
    }
}

// --- loops --------------------------------------------------------------------------------------

static void read_net(struct net *net, const xmlNode *xml);

// One end of a port map or back edge as "KEY=LAYER.place".
static void put_end(struct net *net, struct net *body, const xmlNode *m, const char *key,
                    const char *port_key, struct strbuf *out) {
    struct arena *arena = net->table->arena;
    const char *id = xml_find_attr(arena, m, key), *port = xml_find_attr(arena, m, port_key);
    const xmlNode *layer = id != NULL ? names_find(body->layers, id) : NULL;
    if (layer == NULL)
        return;
    int at = place(arena, layer, "input", port);
    if (at < 0)
        at = place(arena, layer, "output", port);
    strbuf_printf(out, " %s=%s.%d", key, need(arena, layer, "name"), at);
}

static void add_map(struct net *net, struct net *body, const xmlNode *loop, const xmlNode *m) {
    static const char *const kept[] = {"axis", "part_size", "stride", "start", "end", NULL};
    struct arena *arena = net->table->arena;
    struct strbuf name = STRBUF_INIT;
    const char *external = xml_find_attr(arena, m, "external_port_id");
    strbuf_printf(&name, "%s%s/%s", net->prefix, need(arena, loop, "name"), (const char *)m->name);
    put_end(net, body, m, "internal_layer_id", "internal_port_id", &name);
    put_end(net, body, m, "from-layer", "from-port", &name);
    put_end(net, body, m, "to-layer", "to-port", &name);
    if (external != NULL) {
        int at = place(arena, loop, "input", external);
        at = at < 0 ? place(arena, loop, "output", external) : at;
        strbuf_printf(&name, " external=%d", at);
    }
    struct ir_layer *layer = irtable_add(net->table);
    *layer = (struct ir_layer){.name = arena_strdup(arena, name.data), .shapes = ""};
    layer->type = arena_strdup(arena, (const char *)m->name);
    read_attrs(arena, m, kept, layer);
    strbuf_free(&name);
}

static void read_loop(struct net *net, const xmlNode *loop) {
    struct arena *arena = net->table->arena;
    struct net body = {.table = net->table, .bin = net->bin};
    static const char *const parts[] = {"port_map", "back_edges"};
    body.prefix = arena_printf(arena, "%s%s/", net->prefix, need(arena, loop, "name"));
    index_net(&body, xml_child(loop, "body"));
    for (size_t i = 0; i < 2; i++) {
        const xmlNode *part = xml_child(loop, parts[i]);
        for (const xmlNode *m = part != NULL ? part->children : NULL; m != NULL; m = m->next)
            if (m->type == XML_ELEMENT_NODE)
                add_map(net, &body, loop, m);
    }
    read_net(&body, xml_child(loop, "body"));
}

static void read_net(struct net *net, const xmlNode *xml) {
    struct arena *arena = net->table->arena;
    XML_EACH(xml_child(xml, "layers"), "layer", l) {
        struct ir_layer layer = {.type = need(arena, l, "type")};
        layer.name = arena_printf(arena, "%s%s", net->prefix, need(arena, l, "name"));
        layer.shapes = shapes(arena, l);
        read_attrs(arena, xml_child(l, "data"), NULL, &layer);
        read_blobs(net, l, &layer);
        read_sources(net, l, &layer);
        *irtable_add(net->table) = layer;
        if (xml_child(l, "body") != NULL)
            read_loop(net, l);
    }
}

const char *irtable_from_ir(struct arena *arena, const char *path, struct ir_table *out) {
    *out = (struct ir_table){.arena = arena};
    struct net net = {.table = out, .prefix = "", .bin = {.data = (const uint8_t *)""}};
    xmlDoc *doc = xmlReadFile(path, NULL, XML_PARSE_NONET | XML_PARSE_HUGE | XML_PARSE_NOERROR);
    if (doc == NULL)
        return arena_printf(arena, "%s cannot be read as XML", path);
    size_t stem = strlen(path) - strlen(".xml");
    (void)map_file(arena, arena_printf(arena, "%.*s.bin", (int)stem, path), &net.bin);
    const xmlNode *root = xmlDocGetRootElement(doc);
    index_net(&net, root);
    read_net(&net, root);
    xmlFreeDoc(doc);
    return out->count > 0 ? NULL : arena_printf(arena, "%s has no layers", path);
}
