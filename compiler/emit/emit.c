// SPDX-License-Identifier: Apache-2.0
#include "compiler/emit/emitter.h"

#include <errno.h>
#include <string.h>

#include "compiler/base/map.h"

enum dialect_id dialect_of_version(int ir_version) {
    switch (ir_version) {
    case 10:
    case 11:
        return DIALECT_OPSET;
    case 2:
    case 4:
        return DIALECT_CLASSIC;
    default:
        return DIALECT_NONE;
    }
}

// ---- Preparing ----

static bool check_node(struct emitter *e, const struct node *n) {
    if ((n->op->flags & e->dialect->needed) == 0) {
        const char *version = arena_printf(e->arena, "%d", e->options->ir_version);
        const char *what =
            arena_printf(e->arena, "operator '%s' of node '%s'", n->op->name, n->name);
        diag_report(e->graph->diag, &n->place, NOT_EXPRESSIBLE, what, version);
        return false;
    }
    return e->dialect->check(e, n);
}

static struct graph *body_of(const struct node *n, uint32_t row) {
    if (n->op->attrs[row].kind != ATTR_GRAPH)
        return NULL;
    return *(struct graph *const *)attr_field_of(&n->op->attrs[row], n->attrs);
}

static bool prepare_bodies(struct emitter *e, const struct node *n) {
    bool good = true;
    for (uint32_t i = 0; i < n->op->attr_count; i++) {
        struct graph *body = body_of(n, i);
        if (body != NULL)
            good = emit_prepare(e, body) && good;
    }
    return good;
}

// Readers want names that XML can carry, each once.
static void clean_names(struct graph *g) {
    GRAPH_EACH(g, n) {
        n->name = xml_text(g->arena, n->name);
    }
    graph_finish_names(g);
}

bool emit_prepare(struct emitter *e, struct graph *g) {
    clean_names(g);
    uint32_t count, id = 0;
    struct node **order = emit_order(g, &count);
    bool good = true;
    for (uint32_t i = 0; i < count; i++) {
        struct node *n = order[i];
        n->scratch = NULL;
        if (!check_node(e, n)) {
            good = false;
            continue;
        }
        e->dialect->add_blobs(e, n);
        uint32_t layers = e->dialect->layer_count(e, n);
        id += layers;
        n->mark = id - 1;
        e->layers += layers;
        good = prepare_bodies(e, n) && good;
    }
    return good;
}

// ---- Files ----

static struct outfile *open_output(struct emitter *e, struct outset *files, const char *suffix,
                                   const char **path) {
    const char *folder = e->options->output_dir == NULL ? "." : e->options->output_dir;
    *path = arena_printf(e->graph->arena, "%s/%s.%s", folder, e->options->model_name, suffix);
    struct outfile *file = outset_open(files, *path);
    if (file == NULL)
        diag_report(e->graph->diag, NULL, OUTPUT_WRITE, *path, strerror(errno));
    return file;
}

static void write_xml(struct emitter *e, struct outfile *to) {
    e->xml = xml_begin(to);
    xml_open(&e->xml, "net");
    xml_attr(&e->xml, "name", e->graph->name != NULL ? e->graph->name : e->options->model_name);
    xml_attr_number(&e->xml, "version", (uint64_t)e->options->ir_version);
    if (e->dialect->write_head != NULL)
        e->dialect->write_head(e);
    emit_network(e, e->graph);
    e->dialect->write_tail(e);
    xml_close(&e->xml, "net");
}

static bool write_files(struct emitter *e, struct outset *files, struct emit_result *result) {
    struct outfile *bin = open_output(e, files, "bin", &result->bin);
    struct outfile *xml = bin == NULL ? NULL : open_output(e, files, "xml", &result->xml);
    if (xml == NULL)
        return false;
    bin_write(&e->bin, bin, e->graph->diag);
    write_xml(e, xml);
    if (!e->options->write_mapping)
        return true;
    struct outfile *mapping = open_output(e, files, "mapping", &result->mapping);
    if (mapping == NULL)
        return false;
    emit_mapping(e, mapping);
    return true;
}

static bool emit_files(struct emitter *e, struct emit_result *result) {
    struct outset *files = outset_new();
    bool written = write_files(e, files, result);
    const char *changed = written ? map_changed() : NULL;
    if (changed != NULL)
        diag_report(e->graph->diag, NULL, FILE_CHANGED, changed);
    if (!written || changed != NULL) {
        outset_abort(files);
        return false;
    }
    const char *failed = NULL;
    if (!outset_commit(files, &failed)) {
        diag_report(e->graph->diag, NULL, OUTPUT_WRITE, failed != NULL ? failed : result->xml,
                    strerror(errno));
        return false;
    }
    return true;
}

bool emit_ir(struct graph *g, const struct emit_options *options, struct emit_result *result) {
    enum dialect_id dialect = dialect_of_version(options->ir_version);
    struct emitter e = {
        .graph = g,
        .options = options,
        .dialect = dialect == DIALECT_OPSET ? &dialect_opset : &dialect_classic,
        .arena = arena_new(),
    };
    *result = (struct emit_result){0};
    bin_init(&e.bin, e.arena, e.dialect->alignment);
    bool good = emit_prepare(&e, g);
    if (good && !bin_layout(&e.bin)) {
        diag_report(g->diag, NULL, LIMIT, "the size", "the .bin", "a file");
        good = false;
    }
    good = good && emit_files(&e, result);
    result->bin_bytes = e.bin.size;
    result->layers = e.layers;
    arena_free(e.arena);
    return good;
}
