// SPDX-License-Identifier: Apache-2.0
// .npz: a zip archive of .npy members, read member by member through libarchive.
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#include "compiler/base/limits.h"
#include "compiler/base/map.h"
#include "compiler/verify/npy.h"

struct reader {
    struct arena *arena;
    struct diag *diag;
    struct place place;
    struct ndarray_list *list;
    uint64_t budget; // bytes that all members together may still take
};

static void add(struct reader *r, struct ndarray array, const char *member) {
    struct ndarray_list *list = r->list;
    ARENA_ROOM(r->arena, list->items, list->count, &list->capacity);
    size_t length = strlen(member);
    if (length >= 4 && strcmp(member + length - 4, ".npy") == 0)
        length -= 4;
    array.name = arena_strndup(r->arena, member, length);
    list->items[list->count++] = array;
}

// A size that the archive states is believed only as far as the budget goes.
static bool read_member(struct reader *r, struct archive *zip, uint64_t size, struct slice *out) {
    if (size > r->budget) {
        diag_report(r->diag, &r->place, MALFORMED, "NumPy archive", "its arrays exceed all limits");
        return false;
    }
    r->budget -= size;
    uint8_t *data = arena_alloc(r->arena, size + 1);
    uint64_t have = 0;
    while (have < size) {
        la_ssize_t n = archive_read_data(zip, data + have, size - have);
        if (n <= 0) {
            const char *why = n < 0 ? archive_error_string(zip) : NULL;
            diag_report(r->diag, &r->place, MALFORMED, "NumPy archive",
                        why != NULL ? why : "a member is cut short");
            return false;
        }
        have += (uint64_t)n;
    }
    *out = slice_of(data, size);
    return true;
}

static bool read_entry(struct reader *r, struct archive *zip, struct archive_entry *entry) {
    const char *name = archive_entry_pathname(entry);
    if (name == NULL || archive_entry_filetype(entry) != AE_IFREG)
        return true;
    struct place whole = r->place;
    r->place.layer = arena_strdup(r->arena, name);
    struct slice bytes;
    struct ndarray array;
    bool ok = true;
    if (!archive_entry_size_is_set(entry)) {
        diag_report(r->diag, &r->place, MALFORMED, "NumPy archive", "a member has no size");
        ok = false;
    }
    ok = ok && read_member(r, zip, (uint64_t)archive_entry_size(entry), &bytes) &&
         npy_parse(r->arena, r->diag, &r->place, bytes, &array);
    if (ok)
        add(r, array, name);
    r->place = whole;
    return ok;
}

static bool read_npz(struct reader *r, struct archive *zip, struct slice file) {
    struct archive_entry *entry;
    archive_read_support_format_zip_seekable(zip);
    int status = archive_read_open_memory(zip, file.data, file.size);
    uint64_t members = 0;
    while (status == ARCHIVE_OK && (status = archive_read_next_header(zip, &entry)) == ARCHIVE_OK) {
        if (++members > limits.archive_members) {
            diag_report(r->diag, &r->place, MALFORMED, "NumPy archive", "it has too many members");
            return false;
        }
        if (!read_entry(r, zip, entry))
            return false;
    }
    if (status == ARCHIVE_EOF)
        return true;
    const char *why = archive_error_string(zip);
    diag_report(r->diag, &r->place, MALFORMED, "NumPy archive", why != NULL ? why : "it is no zip");
    return false;
}

bool npy_read(struct arena *arena, struct diag *diag, const char *path, struct ndarray_list *out) {
    struct reader r = {.arena = arena, .diag = diag, .place = {.file = path}, .list = out};
    r.budget = limits.archive_bytes;
    struct slice file;
    *out = (struct ndarray_list){.items = NULL};
    if (!map_file(arena, path, &file)) {
        diag_report(diag, NULL, FILE_OPEN, path, strerror(errno));
        return false;
    }
    if (slice_starts(file, "\x93NUMPY")) {
        struct ndarray array;
        if (!npy_parse(arena, diag, &r.place, file, &array))
            return false;
        add(&r, array, "");
        return true;
    }
    struct archive *zip = archive_read_new();
    if (zip == NULL) {
        diag_report(diag, NULL, FILE_OPEN, path, strerror(ENOMEM));
        return false;
    }
    bool ok = read_npz(&r, zip, file);
    archive_read_free(zip);
    return ok;
}
