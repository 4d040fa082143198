// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/parts/inputs.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "compiler/base/strbuf.h"
#include "compiler/verify/fill.h"
#include "compiler/verify/npy.h"
#include "tests/tools/parts/npyfile.h"

struct input {
    const char *name;
    struct slice npy; // a whole .npy file
};

static struct slice filled(struct recipe *recipe, struct json_object *spec,
                           struct json_object *rule) {
    struct arena *arena = recipe->arena;
    struct json_object *shape = json_object_object_get(spec, "shape");
    struct strbuf text = STRBUF_INIT;
    for (size_t i = 0; i < json_object_array_length(shape); i++)
        strbuf_printf(&text, "%s,", json_object_get_string(json_object_array_get_idx(shape, i)));
    uint64_t count = recipe_elements(spec);
    float *values = arena_array_of(arena, count, float);
    struct fill fill;
    enum dtype type = npyfile_type(json_object_get_string(json_object_object_get(spec, "dtype")));
    struct slice out = slice_of(NULL, 0);
    if (type != DT_UNKNOWN &&
        fill_start(&fill, json_object_get_string(json_object_object_get(rule, "name")),
                   recipe->seed, json_object_get_double(json_object_object_get(rule, "offset")),
                   json_object_get_double(json_object_object_get(rule, "scale")))) {
        fill_next(&fill, values, count);
        void *data = arena_array(arena, count, dtype_size(type));
        dtype_convert(DT_F32, values, type, data, count);
        out = npyfile(arena, type, text.data, data, count);
    }
    strbuf_free(&text);
    return out;
}

// An array of the stored input.npz as a .npy of its own.
static struct slice stored(struct recipe *recipe, const struct ndarray *a) {
    struct strbuf text = STRBUF_INIT;
    for (unsigned d = 0; d < a->rank; d++)
        strbuf_printf(&text, "%llu,", (unsigned long long)a->shape[d]);
    struct slice out = npyfile(recipe->arena, a->type, text.data, a->data, a->count);
    strbuf_free(&text);
    return out;
}

static bool write_zip(const char *path, const struct input *inputs, size_t count) {
    struct archive *zip = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    archive_write_set_format_zip(zip);
    archive_write_zip_set_compression_store(zip);
    bool ok = archive_write_open_filename(zip, path) == ARCHIVE_OK;
    for (size_t i = 0; ok && i < count; i++) {
        struct strbuf name = STRBUF_INIT;
        strbuf_printf(&name, "%s.npy", inputs[i].name);
        archive_entry_clear(entry);
        archive_entry_set_pathname(entry, name.data);
        archive_entry_set_size(entry, (la_int64_t)inputs[i].npy.size);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        ok = archive_write_header(zip, entry) == ARCHIVE_OK &&
             archive_write_data(zip, inputs[i].npy.data, inputs[i].npy.size) ==
                 (la_ssize_t)inputs[i].npy.size;
        strbuf_free(&name);
    }
    archive_entry_free(entry);
    ok = archive_write_close(zip) == ARCHIVE_OK && ok;
    archive_write_free(zip);
    return ok;
}

const char *inputs_write(struct recipe *recipe, const char *dir) {
    struct arena *arena = recipe->arena;
    struct json_object *specs = json_object_object_get(recipe->json, "inputs");
    const char *path = arena_printf(arena, "%s/input.npz", dir);
    size_t all = (size_t)json_object_object_length(specs), count = 0;
    struct input *inputs = arena_array_of(arena, all + 1, struct input);
    struct diag *diag = diag_new(arena);
    struct ndarray_list kept = {.items = NULL};
    if (bundle_find(&recipe->bundle, "input.npz") != NULL && !npy_read(arena, diag, path, &kept))
        return "input.npz cannot be read";
    json_object_object_foreach(specs, name, spec) {
        struct json_object *rule = json_object_object_get(spec, "fill");
        const struct ndarray *a = ndarray_find(&kept, name);
        if (rule == NULL && a == NULL)
            return arena_printf(arena, "input '%s' has neither rule nor array", name);
        inputs[count++] =
            (struct input){name, rule != NULL ? filled(recipe, spec, rule) : stored(recipe, a)};
    }
    if (count == kept.count && count > 0)
        return NULL; // the stored file says it all
    return write_zip(path, inputs, count) ? NULL : "cannot write input.npz";
}
