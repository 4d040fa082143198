// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/parts/irdiff.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "compiler/base/names.h"
#include "compiler/base/strbuf.h"

struct match {
    struct arena *arena;
    const struct ir_table *ours, *peer;
    const struct ir_layer **partner; // of each layer of the peer, or NULL
    bool *taken;                     // each of ours
    struct names *our_name;          // peer's name -> our name
    struct names *free;              // what a layer of ours looks like -> the first such one
    double roughness;                // of sums
    bool half;
    struct ir_differences *out;
};

// --- matching -----------------------------------------------------------------------------------

// The peer's sources in our names; NULL while one has no partner.
static const char *renamed(struct match *m, const struct ir_layer *layer) {
    struct strbuf out = STRBUF_INIT;
    const char *result = NULL;
    for (size_t i = 0; i < layer->source_count; i++) {
        const char *source = layer->sources[i], *dot = strrchr(source, '.');
        size_t length = dot != NULL ? (size_t)(dot - source) : strlen(source);
        const char *ours = names_find(m->our_name, arena_strndup(m->arena, source, length));
        if (ours == NULL && strcmp(source, "?") != 0)
            goto done;
        strbuf_printf(&out, "%s%s%s", i > 0 ? " " : "", ours != NULL ? ours : "?",
                      dot != NULL ? dot : "");
    }
    result = arena_strdup(m->arena, out.data);
done:
    strbuf_free(&out);
    return result;
}

static const char *joined(struct arena *arena, const struct ir_layer *layer) {
    struct strbuf out = STRBUF_INIT;
    for (size_t i = 0; i < layer->source_count; i++)
        strbuf_printf(&out, "%s%s", i > 0 ? " " : "", layer->sources[i]);
    const char *copy = arena_strdup(arena, out.data);
    strbuf_free(&out);
    return copy;
}

static const char *looks(struct arena *arena, const struct ir_layer *layer, const char *sources) {
    char *text = arena_printf(arena, "%s\n%s\n%s", layer->type, layer->shapes, sources);
    for (char *c = text; *c != '\n'; c++)
        *c = (char)tolower((unsigned char)*c);
    return text;
}

struct waiting { // layers of ours that look the same, in order
    const struct ir_layer *layer;
    struct waiting *next;
};

static void pair(struct match *m, size_t peer, const struct ir_layer *ours) {
    m->partner[peer] = ours;
    m->taken[ours - m->ours->layers] = true;
    *names_slot(m->our_name, m->peer->layers[peer].name) = (void *)(uintptr_t)ours->name;
}

static void pair_by_name(struct match *m) {
    struct names *names = names_new(m->arena);
    for (size_t i = 0; i < m->ours->count; i++)
        *names_slot(names, m->ours->layers[i].name) = &m->ours->layers[i];
    for (size_t i = 0; i < m->peer->count; i++) {
        const struct ir_layer *ours = names_find(names, m->peer->layers[i].name);
        if (ours != NULL)
            pair(m, i, ours);
    }
}

static void list_unpaired(struct match *m) {
    m->free = names_new(m->arena);
    for (size_t i = m->ours->count; i-- > 0;) {
        const struct ir_layer *layer = &m->ours->layers[i];
        if (m->taken[i])
            continue;
        void **slot = names_slot(m->free, looks(m->arena, layer, joined(m->arena, layer)));
        struct waiting *w = arena_new_of(m->arena, struct waiting);
        *w = (struct waiting){layer, *slot};
        *slot = w;
    }
}

static void pair_by_looks(struct match *m) {
    bool found = true;
    list_unpaired(m);
    while (found) {
        found = false;
        for (size_t i = 0; i < m->peer->count; i++) {
            const struct ir_layer *layer = &m->peer->layers[i];
            const char *sources = m->partner[i] == NULL ? renamed(m, layer) : NULL;
            if (sources == NULL)
                continue;
            void **slot = names_slot(m->free, looks(m->arena, layer, sources));
            struct waiting *w = *slot;
            if (w != NULL) {
                *slot = w->next;
                pair(m, i, w->layer);
                found = true;
            }
        }
    }
}

// --- comparing ----------------------------------------------------------------------------------

static void report(struct match *m, const struct ir_layer *layer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void report(struct match *m, const struct ir_layer *layer, const char *format, ...) {
    struct ir_differences *out = m->out;
    ARENA_ROOM(m->arena, out->items, out->count, &out->capacity);
    va_list args;
    va_start(args, format);
    const char *what = arena_vprintf(m->arena, format, args);
    va_end(args);
    out->items[out->count++] = (struct ir_difference){layer->name, layer->type, what};
}

// Equal but for case, or lists of equal numbers.
static bool same_value(const char *a, const char *b) {
    if (strcasecmp(a, b) == 0)
        return true;
    while (*a != '\0' || *b != '\0') {
        char *end_a, *end_b;
        double x = strtod(a, &end_a), y = strtod(b, &end_b);
        if (end_a == a || end_b == b || *end_a != *end_b || (*end_a != ',' && *end_a != '\0'))
            return false;
        if (!(fabs(x - y) <= 1e-5 * fmax(1, fabs(y))))
            return false;
        a = end_a + (*end_a == ',');
        b = end_b + (*end_b == ',');
    }
    return true;
}

static const char *find_attr(const struct ir_layer *layer, const char *key) {
    for (size_t i = 0; i < layer->attr_count; i++)
        if (strcmp(layer->attrs[i].key, key) == 0)
            return layer->attrs[i].value;
    return NULL;
}

static void compare_attrs(struct match *m, const struct ir_layer *ours,
                          const struct ir_layer *peer) {
    for (size_t i = 0; i < peer->attr_count; i++) {
        const char *key = peer->attrs[i].key, *value = find_attr(ours, key);
        if (value == NULL || !same_value(value, peer->attrs[i].value))
            report(m, peer, "%s=%s, peer %s", key, value != NULL ? value : "-",
                   peer->attrs[i].value);
    }
    for (size_t i = 0; i < ours->attr_count; i++)
        if (find_attr(peer, ours->attrs[i].key) == NULL)
            report(m, peer, "%s=%s, peer has none", ours->attrs[i].key, ours->attrs[i].value);
}

static void compare_blob(struct match *m, const struct ir_layer *peer, const struct ir_blob *a,
                         const struct ir_blob *b) {
    // Only numbers of four bytes, all of them floats in practice, are halved.
    uint64_t bytes = m->half && a->element == 2 ? 2 * a->bytes : a->bytes;
    if (strcmp(a->kind, b->kind) != 0 || bytes != b->bytes)
        report(m, peer, "blob %s of %llu bytes, peer %s of %llu", a->kind,
               (unsigned long long)bytes, b->kind, (unsigned long long)b->bytes);
    else if (a->has_sums && b->has_sums) {
        double slack = m->roughness * b->absolute + 1e-12;
        uint64_t elements = a->bytes / a->element;
        if (m->half) // what is smaller than the smallest half vanishes
            slack += 0x1p-24 * (double)elements;
        double off = fmax(fabs(a->sum - b->sum),
                          fmax(fabs(a->absolute - b->absolute), fabs(a->placed - b->placed)));
        if (!(off <= slack))
            report(m, peer,
                   "blob %s differs in its values, sums %.6g:%.6g:%.6g, peer %.6g:%.6g:%.6g",
                   a->kind, a->sum, a->absolute, a->placed, b->sum, b->absolute, b->placed);
    }
}

// A name that carries a counter of the peer's run, or the place of one.
static bool counted(const char *name) {
    for (const char *c = strchr(name, '_'); c != NULL; c = strchr(c + 1, '_')) {
        size_t digits = strspn(c + 1, "0123456789");
        char end = c[1 + digits];
        if ((digits == 0 || digits >= 2) && (end == '/' || end == '\0'))
            return true;
    }
    return false;
}

static void compare_layers(struct match *m, const struct ir_layer *ours,
                           const struct ir_layer *peer) {
    size_t before = m->out->count;
    if (strcmp(ours->name, peer->name) != 0 && !counted(peer->name))
        report(m, peer, "named %s", ours->name);
    if (strcasecmp(ours->type, peer->type) != 0)
        report(m, peer, "type %s", ours->type);
    if (strcmp(ours->shapes, peer->shapes) != 0)
        report(m, peer, "shapes %s, peer %s", ours->shapes, peer->shapes);
    const char *have = joined(m->arena, ours), *want = renamed(m, peer);
    if (want == NULL || strcmp(have, want) != 0)
        report(m, peer, "sources %s, peer %s", have, want != NULL ? want : joined(m->arena, peer));
    compare_attrs(m, ours, peer);
    if (ours->blob_count != peer->blob_count)
        report(m, peer, "%zu blobs, peer %zu", ours->blob_count, peer->blob_count);
    for (size_t i = 0; i < ours->blob_count && i < peer->blob_count; i++)
        compare_blob(m, peer, &ours->blobs[i], &peer->blobs[i]);
    m->out->alike += m->out->count == before;
}

void irdiff(struct arena *arena, const struct ir_table *ours, const struct ir_table *peer,
            bool half, struct ir_differences *out) {
    struct match m = {.arena = arena, .ours = ours, .peer = peer, .half = half, .out = out};
    *out = (struct ir_differences){.items = NULL};
    m.roughness = half ? 1e-3 : 1e-5;
    m.partner = arena_array_of(arena, peer->count + 1, const struct ir_layer *);
    m.taken = arena_array_of(arena, ours->count + 1, bool);
    m.our_name = names_new(arena);
    pair_by_name(&m);
    pair_by_looks(&m);
    for (size_t i = 0; i < peer->count; i++) {
        if (m.partner[i] != NULL)
            compare_layers(&m, m.partner[i], &peer->layers[i]);
        else
            report(&m, &peer->layers[i], "missing, of shapes %s", peer->layers[i].shapes);
    }
    for (size_t i = 0; i < ours->count; i++)
        if (!m.taken[i])
            report(&m, &ours->layers[i], "extra, of shapes %s", ours->layers[i].shapes);
}
