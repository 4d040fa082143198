// SPDX-License-Identifier: Apache-2.0
// NAME.mapping: which tensor of the source model each output of the IR is.
#include <string.h>

#include "compiler/emit/emitter.h"

// TensorFlow's "node:1" is output 1 of a node; elsewhere the layer and its tensor have names of
// their own.
static void put_framework(struct emitter *e, struct xml *xml, const struct value *v,
                          const char *name) {
    const char *colon = strrchr(name, ':');
    bool numbered =
        colon != NULL && colon[1] != '\0' && strspn(colon + 1, "0123456789") == strlen(colon + 1);
    const char *layer = v->producer->place.layer;
    const char *port = name;
    if (numbered) {
        layer = arena_strndup(e->arena, name, (size_t)(colon - name));
        port = colon + 1;
    }
    xml_open(xml, "framework");
    xml_attr(xml, "name", layer != NULL ? layer : name);
    xml_attr(xml, "out_port_id", port);
    xml_close(xml, "framework");
}

static void put_map(struct emitter *e, struct xml *xml, const struct value *v, const char *name) {
    xml_open(xml, "map");
    put_framework(e, xml, v, name);
    xml_open(xml, "IR");
    xml_attr_number(xml, "id", v->producer->mark);
    xml_attr(xml, "name", v->producer->name);
    xml_attr_number(xml, "out_port_id", emit_output_port(e, v));
    xml_close(xml, "IR");
    xml_close(xml, "map");
}

void emit_mapping(struct emitter *e, struct outfile *to) {
    struct xml xml = xml_begin(to);
    uint32_t count;
    struct node **order = emit_order(e->graph, &count);
    xml_open(&xml, "mapping");
    for (uint32_t i = 0; i < count; i++) {
        if (e->dialect->layer_count(e, order[i]) == 0)
            continue;
        for (uint32_t j = 0; j < order[i]->output_count; j++) {
            const struct value *v = &order[i]->outputs[j];
            for (const struct source_name *name = v->names; name != NULL; name = name->next)
                put_map(e, &xml, v, name->name);
        }
    }
    xml_close(&xml, "mapping");
}
