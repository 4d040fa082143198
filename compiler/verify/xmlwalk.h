// SPDX-License-Identifier: Apache-2.0
// Short forms for walking an XML document in memory.
#ifndef ZOOC_XMLWALK_H
#define ZOOC_XMLWALK_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <string.h>

#include "compiler/base/arena.h"

static inline bool xml_is(const xmlNode *n, const char *name) {
    return n->type == XML_ELEMENT_NODE && strcmp((const char *)n->name, name) == 0;
}

// The first child of that name, or NULL; a NULL parent has none.
static inline xmlNode *xml_child(const xmlNode *parent, const char *name) {
    xmlNode *c = parent != NULL ? parent->children : NULL;
    while (c != NULL && !xml_is(c, name))
        c = c->next;
    return c;
}

#define XML_EACH(parent, name, n)                                                                  \
    for (xmlNode *n = (parent) != NULL ? (parent)->children : NULL; n != NULL; n = n->next)        \
        if (xml_is(n, (name)))

// A copy of the attribute's value, or NULL.
static inline const char *xml_find_attr(struct arena *arena, const xmlNode *n, const char *name) {
    xmlChar *value = n != NULL ? xmlGetProp(n, (const xmlChar *)name) : NULL;
    if (value == NULL)
        return NULL;
    const char *copy = arena_strdup(arena, (const char *)value);
    xmlFree(value);
    return copy;
}

// The same, "" when it is missing.
static inline const char *xml_need_attr(struct arena *arena, const xmlNode *n, const char *name) {
    const char *value = xml_find_attr(arena, n, name);
    return value != NULL ? value : "";
}

static inline const char *xml_text(struct arena *arena, const xmlNode *n) {
    xmlChar *value = xmlNodeGetContent(n);
    const char *copy = arena_strdup(arena, value != NULL ? (const char *)value : "");
    xmlFree(value);
    return copy;
}

#endif
