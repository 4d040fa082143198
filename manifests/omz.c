// SPDX-License-Identifier: Apache-2.0
#include "manifests/omz.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/names.h"
#include "compiler/base/path.h"
#include "compiler/options/options.h"
#include "manifests/manifest.h"
#include "manifests/yaml.h"

struct importing {
    struct arena *arena;
    struct diag *diag;
    const struct omz_request *request;
    struct names *names; // of models written so far
    // The model at hand:
    const struct yaml_file *file;
    const char *name, *folder; // of model.yml
    struct strbuf *out;
    bool left_out, has_prepare;
};

// ---- What is told ----

static void leave_out(struct importing *m, const struct yaml *node, const char *why) {
    struct place at = yaml_place(m->file, node);
    if (!m->left_out)
        diag_report(m->diag, &at, OMZ_MODEL, m->name, why);
    m->left_out = true;
}

// ---- YAML in ----

static const struct yaml *item(const struct yaml *map, const char *key) {
    for (uint32_t i = 0; map->type == YAML_IS_MAP && i < map->count; i++) {
        if (strcmp(map->keys[i]->text, key) == 0)
            return map->items[i];
    }
    return NULL;
}

// The text of a key that must be there; NULL when the model is left out for its lack.
static const char *text_of(struct importing *m, const struct yaml *map, const char *key) {
    const struct yaml *node = item(map, key);
    if (node != NULL && node->type >= YAML_IS_FLAG && node->type <= YAML_IS_TEXT &&
        node->text[0] != '\0')
        return node->text;
    leave_out(m, node == NULL ? map : node,
              arena_printf(m->arena, "'%s' is missing or is no text", key));
    return NULL;
}

static bool has_word(const char *const *words, const char *word) {
    while (*words != NULL && strcmp(*words, word) != 0)
        words++;
    return *words != NULL;
}

// ---- YAML out ----

static bool is_plain(const char *text) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return text[0] != '\0' && strchr(letters, text[0]) != NULL &&
           text[strspn(text,
                       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-")] ==
               '\0' &&
           strcasecmp(text, "true") != 0 && strcasecmp(text, "false") != 0 &&
           strcasecmp(text, "null") != 0;
}

// A text as one YAML scalar, within braces, too.
static void put_text(struct strbuf *to, const char *text) {
    if (is_plain(text)) {
        strbuf_puts(to, text);
        return;
    }
    strbuf_putc(to, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            strbuf_putc(to, '\'');
        strbuf_putc(to, *text);
    }
    strbuf_putc(to, '\'');
}

static void put_line(struct strbuf *to, const char *indent, const char *key, const char *text) {
    strbuf_printf(to, "%s%s: ", indent, key);
    put_text(to, text);
    strbuf_putc(to, '\n');
}

// ---- Files ----

static const char *web_address(struct importing *m, const struct yaml *node, const char *url) {
    if (url != NULL && (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0))
        return url;
    leave_out(m, node, "an address begins with neither https:// nor http://");
    return NULL;
}

static const char *service_address(const struct importing *m, const char *type) {
    size_t length = strlen(type);
    for (const char *const *s = m->request->services; *s != NULL; s++) {
        if (strncmp(*s, type, length) == 0 && (*s)[length] == '=')
            return *s + length + 1;
    }
    return NULL;
}

static const char *address_of(struct importing *m, const struct yaml *source) {
    if (source->type == YAML_IS_TEXT)
        return web_address(m, source, source->text);
    const char *type = text_of(m, source, "$type");
    if (type == NULL)
        return NULL;
    if (strcmp(type, "http") == 0)
        return web_address(m, source, text_of(m, source, "url"));
    const char *before = service_address(m, type);
    const char *id = before == NULL ? NULL : text_of(m, source, "id");
    if (id != NULL)
        return web_address(m, source, arena_printf(m->arena, "%s%s", before, id));
    if (before == NULL)
        leave_out(m, source,
                  arena_printf(m->arena, "--service does not tell the address of '%s'", type));
    return NULL;
}

// Where the file was before the zoo copied it; what cannot be said costs nothing.
static const char *second_address(struct importing *m, const struct yaml *original) {
    const struct yaml *type = original == NULL ? NULL : item(original, "$type");
    bool service = type != NULL && type->text != NULL && strcmp(type->text, "http") != 0;
    if (original == NULL || (service && service_address(m, type->text) == NULL))
        return NULL;
    return address_of(m, original);
}

// Newer descriptions have a SHA-384 under `checksum`, older ones a SHA-256.
static bool put_sum(struct importing *m, const struct yaml *file) {
    static const struct {
        const char *key, *ours;
        size_t digits;
    } sums[] = {{"checksum", "sha384", 96}, {"sha256", "sha256", 64}};
    bool any = false;
    for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++) {
        const struct yaml *node = item(file, sums[i].key);
        if (node == NULL)
            continue;
        any = true;
        if (node->text == NULL || strlen(node->text) != sums[i].digits ||
            strspn(node->text, "0123456789abcdef") != sums[i].digits)
            leave_out(m, node,
                      arena_printf(m->arena, "'%s' has not %zu hexadecimal digits", sums[i].key,
                                   sums[i].digits));
        else
            strbuf_printf(m->out, "        %s: '%s'\n", sums[i].ours, node->text);
    }
    if (!any)
        leave_out(m, file, "a file has no checksum");
    return any;
}

static void import_file(struct importing *m, const struct yaml *file) {
    const char *name = text_of(m, file, "name"), *size = text_of(m, file, "size");
    const struct yaml *source = item(file, "source"), *original = item(file, "original_source");
    if (source == NULL)
        leave_out(m, file, "a file has no source");
    if (name == NULL || size == NULL || source == NULL)
        return;
    const char *url = address_of(m, source);
    if (url == NULL)
        return;
    const char *second = second_address(m, original);
    strbuf_puts(m->out, "      - name: ");
    put_text(m->out, name);
    strbuf_puts(m->out, second == NULL || strcmp(second, url) == 0
                            ? "\n        url: "
                            : "\n        url:\n          - ");
    put_text(m->out, url);
    if (second != NULL && strcmp(second, url) != 0) {
        strbuf_puts(m->out, "\n          - ");
        put_text(m->out, second);
    }
    strbuf_putc(m->out, '\n');
    put_sum(m, file);
    if (size[strspn(size, "0123456789")] != '\0')
        leave_out(m, file, "the size of a file is no number");
    else if (strcmp(size, "0") != 0)
        strbuf_printf(m->out, "        size: %s\n", size);
}

static void import_files(struct importing *m, const struct yaml *root) {
    const struct yaml *files = item(root, "files");
    if (files == NULL || files->type != YAML_IS_LIST || files->count == 0) {
        leave_out(m, files == NULL ? root : files, "it has no files");
        return;
    }
    strbuf_puts(m->out, "    sources:\n");
    for (uint32_t i = 0; i < files->count && !m->left_out; i++)
        import_file(m, files->items[i]);
}

// ---- Postprocessing ----

static void start_preparation(struct importing *m) {
    if (!m->has_prepare)
        strbuf_puts(m->out, "    prepare:\n");
    m->has_prepare = true;
    strbuf_puts(m->out, "      - ");
}

static void import_unpack(struct importing *m, const struct yaml *step) {
    static const char *const formats[] = {"zip", "tar", "gztar", "bztar", "xztar", NULL};
    const char *format = text_of(m, step, "format"), *file = text_of(m, step, "file");
    if (format == NULL || file == NULL)
        return;
    if (!has_word(formats, format)) {
        leave_out(m, step, arena_printf(m->arena, "an archive of format '%s' is not read", format));
        return;
    }
    start_preparation(m);
    strbuf_puts(m->out, "{unpack: ");
    put_text(m->out, file);
    strbuf_puts(m->out, "}\n");
}

// Line ends and tabs as the escapes that patterns and replacements know.
static const char *escaped(struct importing *m, const struct yaml *node, const char *text) {
    struct strbuf out = STRBUF_INIT;
    for (; *text != '\0'; text++) {
        if (*text == '\n' || *text == '\t')
            strbuf_puts(&out, *text == '\n' ? "\\n" : "\\t");
        else if ((unsigned char)*text < ' ')
            leave_out(m, node, "a pattern has a control character");
        else
            strbuf_putc(&out, *text);
    }
    const char *copy = arena_strdup(m->arena, out.data);
    strbuf_free(&out);
    return copy;
}

static void import_replace(struct importing *m, const struct yaml *step) {
    const char *file = text_of(m, step, "file"), *pattern = text_of(m, step, "pattern");
    const struct yaml *with = item(step, "replacement"), *count = item(step, "count");
    if (with == NULL || with->text == NULL)
        leave_out(m, step, "'replacement' is missing or is no text");
    if (file == NULL || pattern == NULL || m->left_out)
        return;
    start_preparation(m);
    strbuf_puts(m->out, "{replace: ");
    put_text(m->out, file);
    strbuf_puts(m->out, ", pattern: ");
    put_text(m->out, escaped(m, step, pattern));
    strbuf_puts(m->out, ", with: ");
    put_text(m->out, escaped(m, step, with->text));
    if (count != NULL && count->type == YAML_IS_INTEGER && strcmp(count->text, "0") != 0)
        strbuf_printf(m->out, ", count: %s", count->text);
    strbuf_puts(m->out, "}\n");
}

static void import_postprocessing(struct importing *m, const struct yaml *root) {
    const struct yaml *steps = item(root, "postprocessing");
    m->has_prepare = false;
    for (uint32_t i = 0; steps != NULL && i < steps->count && !m->left_out; i++) {
        const struct yaml *step = steps->items[i];
        const char *type = text_of(m, step, "$type");
        if (type == NULL)
            return;
        if (strcmp(type, "unpack_archive") == 0)
            import_unpack(m, step);
        else if (strcmp(type, "regex_replace") == 0)
            import_replace(m, step);
        else
            leave_out(m, step, arena_printf(m->arena, "postprocessing '%s' is not known", type));
    }
}

// ---- The Model Optimizer's arguments ----

// A file that comes with the description becomes one more source. False when it may not.
static const char *config_file(struct importing *m, const struct yaml *node, const char *name) {
    if (m->request->standalone) {
        leave_out(m, node, "it needs a file of the zoo's own folder");
        return NULL;
    }
    const char *from = path_absolute(m->arena, m->request->manifest_folder);
    const char *to = path_absolute(m->arena, m->folder);
    if (from == NULL || to == NULL) {
        leave_out(m, node, strerror(errno));
        return NULL;
    }
    const char *path = arena_printf(m->arena, "%s%s", path_relative(m->arena, from, to), name);
    return path[0] == '/' || strncmp(path, "../", 3) == 0 ? path
                                                          : arena_printf(m->arena, "./%s", path);
}

// The argument without variables, "" when it is left out alone; NULL: the model is left out.
static const char *expand(struct importing *m, const struct yaml *node) {
    static const char downloads[] = "$dl_dir/", config[] = "$config_dir/",
                      conversion[] = "$conv_dir";
    const char *text = node->text, *variable = strchr(text, '$');
    if (variable == NULL)
        return text;
    int before = (int)(variable - text);
    if (strncmp(variable, downloads, sizeof downloads - 1) == 0)
        return arena_printf(m->arena, "%.*s%s", before, text, variable + sizeof downloads - 1);
    if (strncmp(variable, config, sizeof config - 1) == 0) {
        const char *path = config_file(m, node, variable + sizeof config - 1);
        return path == NULL ? NULL : arena_printf(m->arena, "%.*s%s", before, text, path);
    }
    if (strncmp(variable, conversion, sizeof conversion - 1) == 0) {
        leave_out(m, node, "a Python script of the zoo makes its files first");
        return NULL;
    }
    // A file of the Model Optimizer itself.
    struct place at = yaml_place(m->file, node);
    diag_report(m->diag, &at, OMZ_ARGUMENT, m->name, text,
                "the file belongs to the Model Optimizer");
    strbuf_printf(m->out, "    # without %s\n", text);
    return "";
}

static void take_argument(struct importing *m, const struct yaml *node,
                          struct option_values *values) {
    if (node->type != YAML_IS_TEXT) {
        leave_out(m, node, "an argument is no text");
        return;
    }
    const char *word = expand(m, node);
    if (word == NULL || word[0] == '\0')
        return;
    // Its own messages would not name the model.
    struct diag *own = diag_new(m->arena);
    char *words[] = {arena_strdup(m->arena, word)};
    if (word[0] != '-' || !options_read(m->arena, own, 1, words, values) ||
        diag_count(own, DIAG_FAILED) > 0)
        leave_out(m, node, arena_printf(m->arena, "zooc does not take the argument '%s'", word));
}

static void add_separated(struct strbuf *to, const char *text) {
    strbuf_printf(to, "%s%s", to->length == 0 ? "" : ",", text);
}

// "[1,3,224,224]" of a list; false when it is none.
static bool add_shape(struct strbuf *to, const struct yaml *shape) {
    if (shape == NULL || shape->type != YAML_IS_LIST || shape->count == 0)
        return false;
    add_separated(to, "[");
    for (uint32_t i = 0; i < shape->count; i++)
        strbuf_printf(to, "%s%s", i == 0 ? "" : ",",
                      shape->items[i]->text == NULL ? "?" : shape->items[i]->text);
    strbuf_putc(to, ']');
    return true;
}

static void set_unless_given(struct importing *m, const struct yaml *node,
                             struct option_values *values, enum option_id id,
                             const struct strbuf *text) {
    struct diag *own = diag_new(m->arena);
    if (text->length == 0 || values->text[id] != NULL)
        return;
    if (!option_set(m->arena, own, NULL, values, &option_table[id],
                    arena_strdup(m->arena, text->data)))
        leave_out(m, node,
                  arena_printf(m->arena, "zooc does not take %s '%s'", option_table[id].name,
                               text->data));
}

// Newer descriptions tell names, shapes and layouts of the inputs apart from the arguments.
static void take_inputs(struct importing *m, const struct yaml *root,
                        struct option_values *values) {
    const struct yaml *inputs = item(root, "input_info");
    struct strbuf names = STRBUF_INIT, shapes = STRBUF_INIT, layouts = STRBUF_INIT;
    bool all = true;
    for (uint32_t i = 0; inputs != NULL && i < inputs->count && !m->left_out; i++) {
        const struct yaml *input = inputs->items[i], *layout = item(input, "layout");
        const char *name = text_of(m, input, "name");
        if (name == NULL)
            break;
        add_separated(&names, name);
        all = add_shape(&shapes, item(input, "shape")) && all;
        if (layout != NULL && layout->text != NULL)
            add_separated(&layouts, arena_printf(m->arena, "%s(%s)", name, layout->text));
    }
    if (inputs != NULL && !m->left_out) {
        set_unless_given(m, inputs, values, OPT_input, &names);
        if (all)
            set_unless_given(m, inputs, values, OPT_input_shape, &shapes);
        set_unless_given(m, inputs, values, OPT_layout, &layouts);
    }
    strbuf_free(&names);
    strbuf_free(&shapes);
    strbuf_free(&layouts);
}

static void put_options(struct importing *m, const struct option_values *values) {
    for (size_t i = 0; i < OPTION_COUNT_OF_IDS; i++) {
        const struct option_def *def = &option_table[i];
        const char *text = values->text[i];
        if (text == NULL || !option_makes_ir(def))
            continue;
        bool bare =
            def->kind == OPTION_FLAG || def->kind == OPTION_NUMBER || def->kind == OPTION_COUNT;
        if (bare)
            strbuf_printf(m->out, "    %s: %s\n", def->name, text);
        else
            put_line(m->out, "    ", def->name, text);
    }
}

static void import_arguments(struct importing *m, const struct yaml *root) {
    const struct yaml *arguments = item(root, "model_optimizer_args");
    struct option_values values = {.text = {NULL}};
    if (arguments == NULL || arguments->type != YAML_IS_LIST) {
        leave_out(m, root, "it has no model_optimizer_args");
        return;
    }
    for (uint32_t i = 0; i < arguments->count && !m->left_out; i++)
        take_argument(m, arguments->items[i], &values);
    if (!m->left_out)
        take_inputs(m, root, &values);
    if (!m->left_out)
        put_options(m, &values);
}

// ---- A model ----

static bool is_name(const char *name) {
    return name[0] != '\0' && name[0] != '.' && name[0] != '-' && strlen(name) <= 100 &&
           name[strspn(
               name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.")] == '\0';
}

static void import_model(struct importing *m, const struct yaml *root) {
    const char *framework = text_of(m, root, "framework");
    const struct yaml *license = item(root, "license");
    if (framework == NULL)
        return;
    if (!has_word(m->request->frameworks, framework)) {
        leave_out(m, item(root, "framework"),
                  arena_printf(m->arena, "zooc does not read framework '%s'", framework));
        return;
    }
    strbuf_puts(m->out, "\n  - name: ");
    put_text(m->out, m->name);
    strbuf_putc(m->out, '\n');
    if (license != NULL && license->text != NULL && strpbrk(license->text, "\r\n") == NULL)
        strbuf_printf(m->out, "    # licence: %s\n", license->text);
    put_line(m->out, "    ", "framework", framework);
    import_files(m, root);
    if (!m->left_out)
        import_postprocessing(m, root);
    if (!m->left_out)
        import_arguments(m, root);
}

// Names, addresses and texts are held against the manifest's own rules by its own reader.
static bool is_taken(const struct strbuf *model) {
    struct strbuf manifest = STRBUF_INIT;
    strbuf_printf(&manifest, "models:%s", model->data);
    bool taken = zoo_takes_text(slice_of(manifest.data, manifest.length));
    strbuf_free(&manifest);
    return taken;
}

// Appends the model to `out`, or nothing. False when the file is no description.
static bool import_path(struct importing *m, const char *path, struct strbuf *out,
                        struct omz_count *count) {
    struct strbuf text = STRBUF_INIT;
    const char *slash = strrchr(path, '/');
    m->folder = slash == NULL ? "." : arena_strndup(m->arena, path, (size_t)(slash - path));
    const char *above = strrchr(m->folder, '/');
    m->name = above == NULL ? m->folder : above + 1;
    m->file = yaml_read(m->arena, path, m->diag);
    if (m->file == NULL)
        return false;
    m->out = &text;
    m->left_out = false;
    void **slot = names_slot(m->names, m->name);
    if (m->file->root->type != YAML_IS_MAP)
        leave_out(m, m->file->root, "its description is no map");
    else if (!is_name(m->name))
        leave_out(m, m->file->root, "a model cannot have this name");
    else if (*slot != NULL)
        leave_out(m, m->file->root, "another model has this name");
    else
        import_model(m, m->file->root);
    if (!m->left_out && !is_taken(&text))
        leave_out(m, m->file->root, "it has a value that no manifest can have");
    if (!m->left_out) {
        strbuf_add(out, text.data, text.length);
        *slot = m;
    }
    count->models += !m->left_out;
    count->left_out += m->left_out;
    strbuf_free(&text);
    return true;
}

// ---- All of them ----

static int by_name(const FTSENT **a, const FTSENT **b) {
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool import_folder(struct importing *m, const char *folder, struct strbuf *out,
                          struct omz_count *count) {
    char *paths[] = {arena_strdup(m->arena, folder), NULL};
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    const FTSENT *entry;
    bool good = walk != NULL;
    while (walk != NULL && (entry = fts_read(walk)) != NULL) {
        if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR || entry->fts_info == FTS_NS) {
            diag_report(m->diag, NULL, FILE_OPEN, entry->fts_path, strerror(entry->fts_errno));
            good = false;
        } else if (entry->fts_info == FTS_F && strcmp(entry->fts_name, "model.yml") == 0) {
            good = import_path(m, arena_strdup(m->arena, entry->fts_path), out, count) && good;
        }
    }
    if (walk != NULL)
        fts_close(walk);
    return good;
}

bool omz_import(struct arena *arena, const struct omz_request *request, struct strbuf *out,
                struct omz_count *count, struct diag *diag) {
    static const char head[] = "# Models of the Open Model Zoo, written by `zooc import omz`.\n"
                               "defaults:\n"
                               "  data_type: [FP32, FP16]\n"
                               "\n"
                               "models:";
    struct importing m = {
        .arena = arena, .diag = diag, .request = request, .names = names_new(arena)};
    struct strbuf models = STRBUF_INIT;
    bool good = true;
    *count = (struct omz_count){.models = 0};
    for (uint32_t i = 0; i < request->folder_count; i++)
        good = import_folder(&m, request->folders[i], &models, count) && good;
    strbuf_puts(out, head);
    strbuf_puts(out, count->models == 0 ? " []\n" : "\n");
    // The blank line before the first model is not wanted.
    if (models.length > 0)
        strbuf_puts(out, models.data + 1);
    strbuf_free(&models);
    return good;
}
