// SPDX-License-Identifier: Apache-2.0
#include "manifests/omz.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/options/options.h"
#include "manifests/manifest.h"
#include "manifests/omz_import.h"

static bool has_word(const char *const *words, const char *word) {
    while (*words != NULL && strcmp(*words, word) != 0)
        words++;
    return *words != NULL;
}

// ---- Files ----

static const char *web_address(struct importing *m, const struct yaml *node, const char *url) {
    if (url != NULL && (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0))
        return url;
    omz_leave_out(m, node, "an address begins with neither https:// nor http://");
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
    const char *type = omz_text(m, source, "$type");
    if (type == NULL)
        return NULL;
    if (strcmp(type, "http") == 0)
        return web_address(m, source, omz_text(m, source, "url"));
    const char *before = service_address(m, type);
    const char *id = before == NULL ? NULL : omz_text(m, source, "id");
    if (id != NULL)
        return web_address(m, source, arena_printf(m->arena, "%s%s", before, id));
    if (before == NULL)
        omz_leave_out(m, source,
                      arena_printf(m->arena, "--service does not tell the address of '%s'", type));
    return NULL;
}

// Where the file was before the zoo copied it; what cannot be said costs nothing.
static const char *second_address(struct importing *m, const struct yaml *original) {
    const struct yaml *type = original == NULL ? NULL : yaml_item(original, "$type");
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
        const struct yaml *node = yaml_item(file, sums[i].key);
        if (node == NULL)
            continue;
        any = true;
        if (node->text == NULL || strlen(node->text) != sums[i].digits ||
            strspn(node->text, "0123456789abcdef") != sums[i].digits)
            omz_leave_out(m, node,
                          arena_printf(m->arena, "'%s' has not %zu hexadecimal digits", sums[i].key,
                                       sums[i].digits));
        else
            strbuf_printf(m->out, "        %s: '%s'\n", sums[i].ours, node->text);
    }
    if (!any)
        omz_leave_out(m, file, "a file has no checksum");
    return any;
}

static void import_file(struct importing *m, const struct yaml *file) {
    const char *name = omz_text(m, file, "name"), *size = omz_text(m, file, "size");
    const struct yaml *source = yaml_item(file, "source"),
                      *original = yaml_item(file, "original_source");
    if (source == NULL)
        omz_leave_out(m, file, "a file has no source");
    if (name == NULL || size == NULL || source == NULL)
        return;
    const char *url = address_of(m, source);
    if (url == NULL)
        return;
    const char *second = second_address(m, original);
    strbuf_puts(m->out, "      - name: ");
    omz_put_text(m->out, name);
    strbuf_puts(m->out, second == NULL || strcmp(second, url) == 0
                            ? "\n        url: "
                            : "\n        url:\n          - ");
    omz_put_text(m->out, url);
    if (second != NULL && strcmp(second, url) != 0) {
        strbuf_puts(m->out, "\n          - ");
        omz_put_text(m->out, second);
    }
    strbuf_putc(m->out, '\n');
    put_sum(m, file);
    if (size[strspn(size, "0123456789")] != '\0')
        omz_leave_out(m, file, "the size of a file is no number");
    else if (strcmp(size, "0") != 0)
        strbuf_printf(m->out, "        size: %s\n", size);
}

static void import_files(struct importing *m, const struct yaml *root) {
    const struct yaml *files = yaml_item(root, "files");
    if (files == NULL || files->type != YAML_IS_LIST || files->count == 0) {
        omz_leave_out(m, files == NULL ? root : files, "it has no files");
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
    const char *format = omz_text(m, step, "format"), *file = omz_text(m, step, "file");
    if (format == NULL || file == NULL)
        return;
    if (!has_word(formats, format)) {
        omz_leave_out(m, step,
                      arena_printf(m->arena, "an archive of format '%s' is not read", format));
        return;
    }
    start_preparation(m);
    strbuf_puts(m->out, "{unpack: ");
    omz_put_text(m->out, file);
    strbuf_puts(m->out, "}\n");
}

// Line ends and tabs as the escapes that patterns and replacements know; NULL when the model is
// left out.
static const char *escaped(struct importing *m, const struct yaml *step, const char *key) {
    const struct yaml *node = yaml_item(step, key);
    if (node == NULL || node->text == NULL) {
        omz_leave_out(m, step, arena_printf(m->arena, "'%s' is missing or is no text", key));
        return NULL;
    }
    struct strbuf out = STRBUF_INIT;
    bool backslash = false; // would make another escape of ours
    for (const char *c = node->text; *c != '\0'; c++) {
        bool escape = *c == '\n' || *c == '\t';
        if (escape && backslash)
            omz_leave_out(m, node, "a line ends in a backslash");
        if (escape)
            strbuf_puts(&out, *c == '\n' ? "\\n" : "\\t");
        else
            strbuf_putc(&out, *c);
        backslash = *c == '\\' && !backslash;
    }
    const char *copy = arena_strdup(m->arena, out.data);
    strbuf_free(&out);
    if (!omz_is_line(copy))
        omz_leave_out(m, node, "a pattern has a control character");
    return m->left_out ? NULL : copy;
}

static void import_replace(struct importing *m, const struct yaml *step) {
    const char *file = omz_text(m, step, "file");
    const char *pattern = escaped(m, step, "pattern"), *with = escaped(m, step, "replacement");
    const struct yaml *count = yaml_item(step, "count");
    if (file == NULL || pattern == NULL || with == NULL)
        return;
    start_preparation(m);
    strbuf_puts(m->out, "{replace: ");
    omz_put_text(m->out, file);
    strbuf_puts(m->out, ", pattern: ");
    omz_put_text(m->out, pattern);
    strbuf_puts(m->out, ", with: ");
    omz_put_text(m->out, with);
    if (count != NULL && count->type == YAML_IS_INTEGER && strcmp(count->text, "0") != 0)
        strbuf_printf(m->out, ", count: %s", count->text);
    strbuf_puts(m->out, "}\n");
}

static void import_postprocessing(struct importing *m, const struct yaml *root) {
    const struct yaml *steps = yaml_item(root, "postprocessing");
    m->has_prepare = false;
    for (uint32_t i = 0; steps != NULL && i < steps->count && !m->left_out; i++) {
        const struct yaml *step = steps->items[i];
        const char *type = omz_text(m, step, "$type");
        if (type == NULL)
            return;
        if (strcmp(type, "unpack_archive") == 0)
            import_unpack(m, step);
        else if (strcmp(type, "regex_replace") == 0)
            import_replace(m, step);
        else
            omz_leave_out(m, step,
                          arena_printf(m->arena, "postprocessing '%s' is not known", type));
    }
}

// ---- A model ----

static bool is_name(const char *name) {
    return name[0] != '\0' && name[0] != '.' && name[0] != '-' && strlen(name) <= 100 &&
           name[strspn(
               name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.")] == '\0';
}

static void import_model(struct importing *m, const struct yaml *root) {
    const char *framework = omz_text(m, root, "framework");
    const struct yaml *license = yaml_item(root, "license");
    if (framework == NULL)
        return;
    if (!has_word(m->request->frameworks, framework)) {
        omz_leave_out(m, yaml_item(root, "framework"),
                      arena_printf(m->arena, "zooc does not read framework '%s'", framework));
        return;
    }
    strbuf_puts(m->out, "\n  - name: ");
    omz_put_text(m->out, m->name);
    strbuf_putc(m->out, '\n');
    if (license != NULL && license->text != NULL && omz_is_line(license->text))
        strbuf_printf(m->out, "    # licence: %s\n", license->text);
    omz_put_line(m->out, "    ", "framework", framework);
    import_files(m, root);
    if (!m->left_out)
        import_postprocessing(m, root);
    if (!m->left_out)
        omz_import_arguments(m, root);
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
        omz_leave_out(m, m->file->root, "its description is no map");
    else if (!is_name(m->name))
        omz_leave_out(m, m->file->root, "a model cannot have this name");
    else if (*slot != NULL)
        omz_leave_out(m, m->file->root, "another model has this name");
    else
        import_model(m, m->file->root);
    if (!m->left_out && !is_taken(&text))
        omz_leave_out(m, m->file->root, "it has a value that no manifest can have");
    if (!m->left_out) {
        strbuf_add(out, text.data, text.length);
        *slot = m;
    }
    count->models += !m->left_out;
    count->left_out += m->left_out;
    m->out = NULL;
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
