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

// Bytes [1, height, width, 3] with structure at several sizes: 127.5, and for each cell size a grid
// of filled values, each laid over cell x cell pixels.
static struct slice picture(struct recipe *recipe, struct json_object *spec) {
    static const struct {
        uint64_t cell;
        double amplitude;
    } grids[] = {{128, 60}, {32, 60}, {8, 40}, {1, 20}};
    struct json_object *shape = json_object_object_get(spec, "shape");
    uint64_t height = (uint64_t)json_object_get_int64(json_object_array_get_idx(shape, 1));
    uint64_t width = (uint64_t)json_object_get_int64(json_object_array_get_idx(shape, 2));
    uint64_t count = height * width * 3;
    float *sum = arena_array_of(recipe->arena, count, float);
    for (uint64_t i = 0; i < count; i++)
        sum[i] = 127.5F;
    for (size_t g = 0; g < sizeof(grids) / sizeof(grids[0]); g++) {
        uint64_t cell = grids[g].cell, columns = width / cell + 1, rows = height / cell + 1;
        float *grid = arena_array_of(recipe->arena, rows * columns * 3, float);
        struct fill fill;
        if (!fill_start(&fill, arena_printf(recipe->arena, "image/%llu", (unsigned long long)cell),
                        recipe->seed, 0, grids[g].amplitude))
            return slice_of(NULL, 0);
        fill_next(&fill, grid, rows * columns * 3);
        for (uint64_t i = 0; i < count; i++) {
            uint64_t y = i / 3 / width, x = i / 3 % width;
            sum[i] += grid[(y / cell * columns + x / cell) * 3 + i % 3];
        }
    }
    uint8_t *bytes = arena_alloc(recipe->arena, count);
    for (uint64_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)(sum[i] < 0 ? 0 : sum[i] > 255 ? 255 : sum[i]);
    const char *text = arena_printf(recipe->arena, "1,%llu,%llu,3,", (unsigned long long)height,
                                    (unsigned long long)width);
    return npyfile(recipe->arena, DT_U8, text, bytes, count);
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

// An input by its rule, or from the stored arrays; no data when there is neither.
static struct slice input_file(struct recipe *recipe, const char *name, struct json_object *spec,
                               const struct ndarray_list *kept) {
    struct json_object *rule = json_object_object_get(spec, "fill");
    const struct ndarray *a = ndarray_find(kept, name);
    if (rule != NULL)
        return filled(recipe, spec, rule);
    if (json_object_object_get(spec, "picture") != NULL)
        return picture(recipe, spec);
    return a != NULL ? stored(recipe, a) : slice_of(NULL, 0);
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
        inputs[count] = (struct input){name, input_file(recipe, name, spec, &kept)};
        if (inputs[count++].npy.data == NULL)
            return arena_printf(arena, "input '%s' has neither rule nor array", name);
    }
    if (count == kept.count && count > 0)
        return NULL; // the stored file says it all
    return write_zip(path, inputs, count) ? NULL : "cannot write input.npz";
}
