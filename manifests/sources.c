// SPDX-License-Identifier: Apache-2.0
// Where a model's files come from, and what is done with them before they are converted.
#include "manifests/read.h"

#include <string.h>

#include "compiler/base/names.h"

bool manifest_has_folder(const struct manifest_model *model) {
    return model->archive != NULL || model->sources.count > 0;
}

// ---- Addresses ----

static const char *url_fault(const char *url) {
    static const char *const schemes[] = {"https://", "http://", "file:/"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t length = strlen(schemes[i]);
        if (strncmp(url, schemes[i], length) != 0)
            continue;
        bool host = i == 2 || (url[length] != '\0' && url[length] != '/');
        if (strchr(url, ' ') != NULL)
            return "a blank in an address is written %20";
        return host ? NULL : "it has no host";
    }
    return "an address begins with https://, http:// or file:/";
}

static bool take_url(struct reading *r, const char *key, const struct yaml *node,
                     const char **out) {
    if (!take_text(r, key, node, "an address or a list of addresses", out))
        return false;
    const char *fault = url_fault(*out);
    if (fault != NULL)
        report_value(r, key, node, fault);
    return fault == NULL;
}

void read_urls(struct reading *r, const char *key, const struct yaml *node, void *field) {
    uint32_t count;
    const struct yaml *const *nodes = read_one_or_list(&node, &count);
    struct text_list list = {.items = arena_array_of(r->arena, count, const char *)};
    for (uint32_t i = 0; i < count; i++)
        list.count += take_url(r, key, nodes[i], &list.items[list.count]);
    if (count == 0)
        report_value(r, key, node, "the list is empty");
    if (list.count == count)
        *(struct text_list *)field = list;
}

// ---- Files ----

// Where the file comes from must be said, and what it must be when it comes from far.
static void check_origin(struct reading *r, const struct yaml *node, const char *what,
                         const struct manifest_source *source) {
    struct place at = yaml_place(r->file, node);
    bool path = yaml_item(node, "path") != NULL, url = yaml_item(node, "url") != NULL;
    if (source->path != NULL && source->urls.count > 0)
        diag_report(r->diag, &at, MANIFEST_CONFLICT, "path", "url");
    if (!path && !url)
        report_missing(r, node, what, "'path' or 'url'");
    if (url && yaml_item(node, "sha256") == NULL && yaml_item(node, "sha384") == NULL)
        report_missing(r, node, arena_printf(r->arena, "%s with a 'url'", what),
                       "'sha256' or 'sha384'");
}

void read_limits(struct reading *r, const char *key, const struct yaml *node, void *field) {
    read_object(r, OBJECT_LIMITS, "'limits'", key, node, field);
}

void read_archive(struct reading *r, const char *key, const struct yaml *node, void *field) {
    struct manifest_archive *archive = arena_new_of(r->arena, struct manifest_archive);
    archive->file.at = yaml_place(r->file, node);
    if (node->type == YAML_IS_TEXT) {
        if (!take_text(r, key, node, "a path", &archive->file.path))
            return;
    } else if (node->type != YAML_IS_MAP) {
        report_type(r, key, node, "a path or a map");
        return;
    } else {
        read_object(r, OBJECT_ARCHIVE, "'archive'", key, node, archive);
        check_origin(r, node, "an archive", &archive->file);
    }
    *(struct manifest_archive **)field = archive;
}

// The last component of a path, or of an address without what follows `?` or `#`.
static const char *last_name(struct arena *arena, const char *path, bool is_url) {
    size_t length = is_url ? strcspn(path, "?#") : strlen(path);
    const char *slash = memrchr(path, '/', length);
    const char *start = slash == NULL ? path : slash + 1;
    return arena_strndup(arena, start, length - (size_t)(start - path));
}

static void read_source(struct reading *r, const struct yaml *node,
                        struct manifest_source *source) {
    source->at = yaml_place(r->file, node);
    if (!read_object(r, OBJECT_SOURCE, "a source", "sources", node, source))
        return;
    check_origin(r, node, "a source", source);
    if (yaml_item(node, "name") != NULL)
        return;
    if (source->path != NULL)
        source->name = last_name(r->arena, source->path, false);
    else if (source->urls.count > 0)
        source->name = last_name(r->arena, source->urls.items[0], true);
    if (source->name != NULL && source->name[0] == '\0') {
        report_missing(r, node, "a source whose address ends in '/'", "'name'");
        source->name = NULL;
    }
}

// `key` is a list of maps.
static uint32_t list_length(struct reading *r, const char *key, const struct yaml *node) {
    if (node->type != YAML_IS_LIST)
        report_type(r, key, node, "a list of maps");
    else if (node->count == 0)
        report_value(r, key, node, "the list is empty");
    return node->type == YAML_IS_LIST ? node->count : 0;
}

void read_sources(struct reading *r, const char *key, const struct yaml *node, void *field) {
    struct manifest_sources *sources = field;
    sources->count = list_length(r, key, node);
    sources->items = arena_array_of(r->arena, sources->count, struct manifest_source);
    for (uint32_t i = 0; i < sources->count; i++)
        read_source(r, node->items[i], &sources->items[i]);
}

// ---- Preparations ----

// Taking something away is replacing it with nothing.
void read_replacement(struct reading *r, const char *key, const struct yaml *node, void *field) {
    if (node->type == YAML_IS_TEXT && node->text[0] == '\0')
        *(const char **)field = node->text;
    else
        take_text(r, key, node, "text", field);
}

static void read_preparation(struct reading *r, const struct yaml *node,
                             struct manifest_preparation *preparation) {
    static const char *const replacing[] = {"pattern", "with", "count"};
    struct place at = preparation->at = yaml_place(r->file, node);
    if (!read_object(r, OBJECT_PREPARE, "a preparation", "prepare", node, preparation))
        return;
    bool unpack = yaml_item(node, "unpack") != NULL, replace = yaml_item(node, "replace") != NULL;
    if (!unpack && !replace)
        report_missing(r, node, "a preparation", "'unpack' or 'replace'");
    if (unpack && replace)
        diag_report(r->diag, &at, MANIFEST_CONFLICT, "unpack", "replace");
    for (size_t i = 0; i < sizeof replacing / sizeof replacing[0]; i++) {
        bool given = yaml_item(node, replacing[i]) != NULL;
        if (given && unpack)
            diag_report(r->diag, &at, MANIFEST_CONFLICT, "unpack", replacing[i]);
        if (!given && replace && !unpack && i < 2)
            report_missing(r, node, "a preparation with 'replace'",
                           i == 0 ? "'pattern'" : "'with'");
    }
}

void read_prepare(struct reading *r, const char *key, const struct yaml *node, void *field) {
    struct manifest_preparations *preparations = field;
    preparations->count = list_length(r, key, node);
    preparations->items =
        arena_array_of(r->arena, preparations->count, struct manifest_preparation);
    for (uint32_t i = 0; i < preparations->count; i++)
        read_preparation(r, node->items[i], &preparations->items[i]);
}

// ---- The whole ----

void check_inside(struct reading *r, const struct place *at, const char *key, const char *path) {
    if (path[0] == '/' || strncmp(path, "./", 2) == 0 || strncmp(path, "../", 3) == 0)
        return;
    for (const char *part = path;; part++) {
        size_t length = strcspn(part, "/");
        if (length == 2 && part[0] == '.' && part[1] == '.') {
            diag_report(r->diag, at, MANIFEST_VALUE, key, path,
                        "it leads out of the model's folder");
            return;
        }
        part += length;
        if (*part == '\0')
            return;
    }
}

// The name of a file that is made in the model's folder: spelled in one way only.
static void check_name(struct reading *r, const struct place *at, const char *key,
                       const char *name) {
    for (const char *part = name;; part++) {
        size_t length = strcspn(part, "/");
        bool dots = (length == 1 || length == 2) && strncmp(part, "..", length) == 0;
        if (length == 0 || dots || strchr(name, '\\') != NULL) {
            diag_report(r->diag, at, MANIFEST_VALUE, key, name,
                        "it is a path in the model's folder, without . or .. or a backslash");
            return;
        }
        part += length;
        if (*part == '\0')
            return;
    }
}

void check_sources(struct reading *r, const struct yaml *node, const struct model_draft *draft) {
    struct names *names = names_new(r->arena);
    struct place at = yaml_place(r->file, node);
    bool folder = draft->archive != NULL || yaml_item(node, "sources") != NULL;
    if (draft->archive != NULL && draft->sources.count > 0)
        diag_report(r->diag, &at, MANIFEST_CONFLICT, "archive", "sources");
    if (draft->prepare.count > 0 && !folder && yaml_item(node, "archive") == NULL)
        report_missing(r, node, "a model with 'prepare'", "'sources' or 'archive'");
    for (uint32_t i = 0; i < draft->sources.count; i++) {
        struct manifest_source *source = &draft->sources.items[i];
        if (source->name == NULL)
            continue;
        check_name(r, &source->at, "name", source->name);
        void **slot = names_slot(names, source->name);
        if (*slot != NULL)
            diag_report(r->diag, &source->at, MANIFEST_VALUE, "name", source->name,
                        "another source has this name");
        *slot = source;
    }
    for (uint32_t i = 0; i < draft->prepare.count; i++) {
        const struct manifest_preparation *preparation = &draft->prepare.items[i];
        if (preparation->unpack != NULL)
            check_name(r, &preparation->at, "unpack", preparation->unpack);
        if (preparation->replace != NULL)
            check_name(r, &preparation->at, "replace", preparation->replace);
    }
}
