// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/parts/bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

static void add(struct arena *arena, struct bundle *bundle, const char *name, struct slice bytes) {
    if (bundle->count == bundle->capacity) {
        bundle->capacity = bundle->capacity > 0 ? 2 * bundle->capacity : 16;
        struct bundle_member *members =
            arena_array_of(arena, bundle->capacity, struct bundle_member);
        if (bundle->count > 0)
            memcpy(members, bundle->members, bundle->count * sizeof(*members));
        bundle->members = members;
    }
    bundle->members[bundle->count++] = (struct bundle_member){arena_strdup(arena, name), bytes};
}

static bool read_all(struct arena *arena, struct archive *from, struct bundle *out) {
    struct archive_entry *entry;
    int status;
    while ((status = archive_read_next_header(from, &entry)) == ARCHIVE_OK) {
        size_t size = (size_t)archive_entry_size(entry);
        if (archive_entry_filetype(entry) != AE_IFREG)
            continue;
        uint8_t *data = arena_alloc(arena, size + 1);
        if (archive_read_data(from, data, size) != (la_ssize_t)size)
            return false;
        add(arena, out, archive_entry_pathname(entry), slice_of(data, size));
    }
    return status == ARCHIVE_EOF;
}

const char *bundle_read(struct arena *arena, const char *path, struct bundle *out) {
    struct archive *from = archive_read_new();
    const char *wrong = NULL;
    *out = (struct bundle){.members = NULL};
    archive_read_support_format_tar(from);
    archive_read_support_filter_xz(from);
    if (archive_read_open_filename(from, path, 1 << 16) != ARCHIVE_OK ||
        !read_all(arena, from, out)) {
        const char *why = archive_error_string(from);
        wrong = arena_printf(arena, "%s: %s", path, why != NULL ? why : "a member is cut short");
    }
    archive_read_free(from);
    return wrong;
}

const struct bundle_member *bundle_find(const struct bundle *bundle, const char *name) {
    for (size_t i = 0; i < bundle->count; i++)
        if (strcmp(bundle->members[i].name, name) == 0)
            return &bundle->members[i];
    return NULL;
}
