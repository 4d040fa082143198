// SPDX-License-Identifier: Apache-2.0
// A record is the length of its data, a sum over that number, the data, a sum over it. The first
// names the version of the format, the second holds the graph.
#include "frontends/tf/events.h"

#include <errno.h>
#include <string.h>

#include "compiler/base/outfile.h"
#include "frontends/tf/crc32c.h"

enum { SHOWN_MAX = 1024 }; // TensorBoard itself drops attributes that are larger

static void put_number(struct outfile *file, uint64_t value, unsigned bytes) {
    uint8_t data[8];
    for (unsigned i = 0; i < bytes; i++)
        data[i] = (uint8_t)(value >> (8 * i));
    outfile_write(file, data, bytes);
}

static void put_record(struct outfile *file, struct slice data) {
    uint8_t length[8];
    for (unsigned i = 0; i < sizeof length; i++)
        length[i] = (uint8_t)(data.size >> (8 * i));
    outfile_write(file, length, sizeof length);
    put_number(file, crc32c_mask(crc32c(slice_of(length, sizeof length))), 4);
    outfile_write(file, data.data, data.size);
    put_number(file, crc32c_mask(crc32c(data)), 4);
}

static struct slice pack(struct arena *arena, const ProtobufCMessage *message) {
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *data = arena_alloc(arena, size);
    protobuf_c_message_pack(message, data);
    return slice_of(data, size);
}

// --- a graph without its weights -----------------------------------------------------------------

static Tensorflow__TensorProto *without_numbers(struct arena *arena,
                                                const Tensorflow__TensorProto *t) {
    Tensorflow__TensorProto *out = arena_new_of(arena, Tensorflow__TensorProto);
    tensorflow__tensor_proto__init(out);
    out->has_dtype = t->has_dtype;
    out->dtype = t->dtype;
    out->tensor_shape = t->tensor_shape;
    return out;
}

// An upper bound for what the numbers take.
static size_t size_of_numbers(const Tensorflow__TensorProto *t) {
    size_t strings = 0;
    for (size_t i = 0; i < t->n_string_val; i++)
        strings += t->string_val[i].len;
    return t->tensor_content.len + strings + t->n_float_val * 4 + t->n_double_val * 8 +
           t->n_int_val * 8 + t->n_int64_val * 8 + t->n_bool_val + t->n_half_val * 4 +
           t->n_uint32_val * 8 + t->n_uint64_val * 8;
}

static Tensorflow__AttrEntry *shown_attr(struct arena *arena, Tensorflow__AttrEntry *entry) {
    const Tensorflow__AttrValue *v = entry->value;
    if (v == NULL || v->tensor == NULL || size_of_numbers(v->tensor) <= SHOWN_MAX)
        return entry;
    Tensorflow__AttrEntry *out = arena_copy(arena, entry, sizeof *entry);
    out->value = arena_copy(arena, v, sizeof *v);
    out->value->tensor = without_numbers(arena, v->tensor);
    return out;
}

static Tensorflow__NodeDef *shown_node(struct arena *arena, const Tensorflow__NodeDef *node) {
    Tensorflow__NodeDef *out = arena_copy(arena, node, sizeof *node);
    out->attr = arena_array_of(arena, node->n_attr, Tensorflow__AttrEntry *);
    for (size_t i = 0; i < node->n_attr; i++)
        out->attr[i] = shown_attr(arena, node->attr[i]);
    return out;
}

static Tensorflow__GraphDef shown_graph(struct arena *arena, const Tensorflow__GraphDef *graph) {
    Tensorflow__GraphDef out = *graph;
    out.node = arena_array_of(arena, graph->n_node, Tensorflow__NodeDef *);
    for (size_t i = 0; i < graph->n_node; i++)
        out.node[i] = shown_node(arena, graph->node[i]);
    return out;
}

// --- the file ------------------------------------------------------------------------------------

void events_write_graph(struct arena *arena, struct diag *diag, const char *folder,
                        const Tensorflow__GraphDef *graph) {
    struct arena *work = arena_new();
    const char *path = arena_printf(arena, "%s/events.out.tfevents.0.zooc", folder), *failed;
    Tensorflow__GraphDef shown = shown_graph(work, graph);
    struct slice packed = pack(work, &shown.base);
    Tensorflow__Event version = TENSORFLOW__EVENT__INIT, event = TENSORFLOW__EVENT__INIT;
    static char version_text[] = "brain.Event:2";
    version.file_version = version_text;
    event.has_graph_def = 1;
    event.graph_def = (ProtobufCBinaryData){packed.size, (uint8_t *)(uintptr_t)packed.data};
    struct outset *set = outset_new();
    struct outfile *file = outset_open(set, path);
    bool good = file != NULL;
    if (good) {
        put_record(file, pack(work, &version.base));
        put_record(file, pack(work, &event.base));
        good = outset_commit(set, &failed);
    }
    if (!good)
        diag_report(diag, NULL, EVENT_FILE, folder, strerror(errno));
    if (file == NULL)
        outset_abort(set);
    arena_free(work);
}
