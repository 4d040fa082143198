// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/parts/recipe.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "compiler/base/names.h"
#include "compiler/verify/fill.h"
#include "tests/tools/parts/consts.h"
#include "tests/tools/parts/inputs.h"

static void put_json(void *json) {
    json_object_put(json);
}

static struct json_object *parse_json(struct arena *arena, const struct bundle *bundle,
                                      const char *name) {
    const struct bundle_member *m = bundle_find(bundle, name);
    struct json_object *json =
        m != NULL ? json_tokener_parse((const char *)m->bytes.data) : NULL; // ends in NUL
    if (json != NULL)
        arena_at_free(arena, put_json, json);
    return json;
}

static const char *text_of(struct json_object *object, const char *key) {
    struct json_object *value = json_object_object_get(object, key);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

uint64_t recipe_elements(struct json_object *tensor) {
    struct json_object *shape = json_object_object_get(tensor, "shape");
    uint64_t count = 1;
    for (size_t i = 0; i < json_object_array_length(shape); i++)
        count *= (uint64_t)json_object_get_int64(json_object_array_get_idx(shape, i));
    return count;
}

const char *recipe_read(struct arena *arena, const char *path, struct recipe *out) {
    *out = (struct recipe){.arena = arena};
    const char *wrong = bundle_read(arena, path, &out->bundle);
    if (wrong != NULL)
        return wrong;
    out->json = parse_json(arena, &out->bundle, "case.json");
    struct json_object *weights = parse_json(arena, &out->bundle, "weights.json");
    out->tensors = json_object_object_get(weights, "tensors");
    if (out->json == NULL || out->tensors == NULL)
        return arena_printf(arena, "%s: case.json or weights.json is missing", path);
    out->name = text_of(out->json, "name");
    out->framework = text_of(out->json, "framework");
    out->model = text_of(json_object_object_get(out->json, "files"), "model");
    out->seed = (uint64_t)json_object_get_int64(json_object_object_get(out->json, "seed"));
    for (size_t i = 0; i < json_object_array_length(out->tensors); i++)
        out->weight_bytes += 4 * recipe_elements(json_object_array_get_idx(out->tensors, i));
    return NULL;
}

static const char *with_folder(struct arena *arena, const char *text, const char *mark,
                               const char *folder) {
    const char *at = strstr(text, mark);
    return at == NULL
               ? text
               : arena_printf(arena, "%.*s%s%s", (int)(at - text), text, folder, at + strlen(mark));
}

const char **recipe_options(struct recipe *recipe, const char *dir, size_t *count) {
    struct json_object *args = json_object_object_get(recipe->json, "args");
    size_t n = json_object_array_length(args);
    const char **out = arena_array_of(recipe->arena, n + 1, const char *);
    for (size_t i = 0; i < n; i++) {
        const char *text = json_object_get_string(json_object_array_get_idx(args, i));
        text = with_folder(recipe->arena, text, "{dir}", dir);
        out[i] = recipe->extensions == NULL
                     ? text
                     : with_folder(recipe->arena, text, "{extensions}", recipe->extensions);
    }
    *count = n;
    return out;
}

// --- payloads -----------------------------------------------------------------------------------

bool recipe_write_tensor(FILE *to, const struct recipe *recipe, struct json_object *tensor) {
    float block[16384];
    struct fill fill;
    if (!fill_start(&fill, text_of(tensor, "name"), recipe->seed,
                    json_object_get_double(json_object_object_get(tensor, "offset")),
                    json_object_get_double(json_object_object_get(tensor, "scale"))))
        return false;
    for (uint64_t left = recipe_elements(tensor); left > 0;) {
        uint64_t n = left < 16384 ? left : 16384;
        fill_next(&fill, block, n);
        if (fwrite(block, sizeof(float), n, to) != n)
            return false;
        left -= n;
    }
    return true;
}

struct names *recipe_tensors(const struct recipe *recipe) {
    struct names *names = names_new(recipe->arena);
    for (size_t i = 0; i < json_object_array_length(recipe->tensors); i++) {
        struct json_object *tensor = json_object_array_get_idx(recipe->tensors, i);
        *names_slot(names, text_of(tensor, "name")) = tensor;
    }
    return names;
}

static uint64_t place_of(struct json_object *tensor) {
    return (uint64_t)json_object_get_int64(json_object_object_get(tensor, "at"));
}

static int by_place(const void *a, const void *b) {
    uint64_t x = place_of(*(struct json_object *const *)a);
    uint64_t y = place_of(*(struct json_object *const *)b);
    return x < y ? -1 : x > y;
}

// Tensors whose payload stands in file `name`, by place.
static struct json_object **payloads(struct recipe *recipe, const char *name, size_t *count) {
    size_t all = json_object_array_length(recipe->tensors);
    struct json_object **out = arena_array_of(recipe->arena, all + 1, struct json_object *);
    *count = 0;
    for (size_t i = 0; i < all; i++) {
        struct json_object *tensor = json_object_array_get_idx(recipe->tensors, i);
        const char *file = text_of(tensor, "file");
        if (file != NULL && strcmp(file, name) == 0)
            out[(*count)++] = tensor;
    }
    qsort(out, *count, sizeof(struct json_object *), by_place);
    return out;
}

static bool write_whole(FILE *to, struct recipe *recipe, struct slice stripped, const char *name) {
    size_t count;
    struct json_object **tensors = payloads(recipe, name, &count);
    uint64_t size = 0; // of the whole file so far
    for (size_t i = 0; i < count; i++) {
        struct slice between;
        uint64_t at = place_of(tensors[i]);
        if (at < size || !slice_take(&stripped, at - size, &between) ||
            fwrite(between.data, 1, between.size, to) != between.size ||
            !recipe_write_tensor(to, recipe, tensors[i]))
            return false;
        size = at + 4 * recipe_elements(tensors[i]);
    }
    return fwrite(stripped.data, 1, stripped.size, to) == stripped.size;
}

// --- the whole case -----------------------------------------------------------------------------

static bool ends_in(const char *name, const char *suffix) {
    size_t n = strlen(name), m = strlen(suffix);
    return n >= m && strcmp(name + n - m, suffix) == 0;
}

// Folders of a member's path (a SavedModel has some) below `dir`.
static void make_folders(struct recipe *recipe, const char *dir, const char *name) {
    for (const char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/'))
        mkdir(arena_printf(recipe->arena, "%s/%.*s", dir, (int)(slash - name), name), 0777);
}

static bool write_member(struct recipe *recipe, const char *dir, const struct bundle_member *m) {
    bool stripped = ends_in(m->name, ".stripped"), consts = ends_in(m->name, ".consts");
    size_t length = strlen(m->name) - strlen(stripped ? ".stripped" : consts ? ".consts" : "");
    const char *name = arena_strndup(recipe->arena, m->name, length);
    make_folders(recipe, dir, name);
    FILE *to = fopen(arena_printf(recipe->arena, "%s/%s", dir, name), "wb");
    if (to == NULL)
        return false;
    bool ok = stripped ? write_whole(to, recipe, m->bytes, name)
              : consts ? consts_write(to, recipe, m->bytes)
                       : fwrite(m->bytes.data, 1, m->bytes.size, to) == m->bytes.size;
    return fclose(to) == 0 && ok;
}

const char *recipe_remake(struct recipe *recipe, const char *dir) {
    for (size_t i = 0; i < recipe->bundle.count; i++) {
        const struct bundle_member *m = &recipe->bundle.members[i];
        errno = 0;
        if (!write_member(recipe, dir, m))
            return arena_printf(recipe->arena, "cannot remake '%s': %s", m->name,
                                errno != 0 ? strerror(errno) : "the recipe does not fit");
    }
    return inputs_write(recipe, dir);
}
