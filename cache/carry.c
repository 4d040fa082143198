// SPDX-License-Identifier: Apache-2.0
#include "cache/carry.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/fetch.h"
#include "compiler/base/fatal.h"
#include "compiler/base/limits.h"
#include "compiler/base/names.h"
#include "compiler/base/outfile.h"
#include "compiler/base/strbuf.h"

static const char index_name[] = "zooc-cache/index", object_folder[] = "zooc-cache/objects/";

enum { BLOCK = 256 * 1024 };

// ---- Writing ----

struct writing {
    struct arena *arena;
    struct store *store;
    struct diag *diag;
    const char *path;
    struct archive *archive;
    struct outfile *file;
};

static la_ssize_t on_write(struct archive *archive, void *context, const void *data, size_t size) {
    struct writing *w = context;
    (void)archive;
    outfile_write(w->file, data, size);
    return (la_ssize_t)size;
}

static bool fail_write(struct writing *w, const char *why) {
    if (w->archive != NULL && archive_errno(w->archive) == ENOMEM)
        fatal_out_of_memory();
    diag_report(w->diag, NULL, OUTPUT_WRITE, w->path, why);
    return false;
}

static bool start_member(struct writing *w, const char *name, uint64_t size) {
    struct archive_entry *entry = archive_entry_new();
    if (entry == NULL)
        fatal_out_of_memory();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, (la_int64_t)size);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0444);
    archive_entry_set_mtime(entry, 0, 0);
    bool done = archive_write_header(w->archive, entry) == ARCHIVE_OK;
    archive_entry_free(entry);
    return done || fail_write(w, archive_error_string(w->archive));
}

static bool add_bytes(struct writing *w, const void *data, size_t size) {
    return archive_write_data(w->archive, data, size) == (la_ssize_t)size ||
           fail_write(w, archive_error_string(w->archive));
}

static bool copy_object(struct writing *w, int fd) {
    unsigned char *block = malloc(BLOCK);
    if (block == NULL)
        fatal_out_of_memory();
    ssize_t got;
    bool done = true;
    do {
        got = read(fd, block, BLOCK);
        if (got > 0)
            done = add_bytes(w, block, (size_t)got);
    } while (done && (got > 0 || (got < 0 && errno == EINTR)));
    if (done && got < 0)
        done = fail_write(w, strerror(errno));
    free(block);
    return done;
}

static bool add_object(struct writing *w, const struct carry_object *object) {
    int fd = store_open_object(w->store, object->key, STORE_BY_HASH);
    if (fd < 0) {
        diag_report(w->diag, NULL, FILE_OPEN, object->key, strerror(errno));
        return false;
    }
    const char *name = arena_printf(w->arena, "%s%s", object_folder, object->key);
    bool done = start_member(w, name, object->size) && copy_object(w, fd);
    close(fd);
    return done;
}

static bool add_index(struct writing *w, const struct carry_object *objects, uint32_t count) {
    struct strbuf text = STRBUF_INIT;
    for (uint32_t i = 0; i < count; i++) {
        const struct carry_object *object = &objects[i];
        strbuf_printf(&text, "%s %llu %s\n", object->key, (unsigned long long)object->size,
                      object->sha384 == NULL ? "-" : object->sha384);
    }
    bool done = start_member(w, index_name, text.length) && add_bytes(w, text.data, text.length);
    strbuf_free(&text);
    return done;
}

static bool write_members(struct writing *w, const struct carry_object *objects, uint32_t count) {
    struct archive *a = w->archive;
    archive_write_set_format_pax_restricted(a);
    archive_write_add_filter_zstd(a);
    archive_write_set_bytes_per_block(a, 0);
    if (archive_write_open(a, w, NULL, on_write, NULL) != ARCHIVE_OK)
        return fail_write(w, archive_error_string(a));
    bool done = add_index(w, objects, count);
    for (uint32_t i = 0; done && i < count; i++)
        done = add_object(w, &objects[i]);
    if (done && archive_write_close(a) != ARCHIVE_OK)
        done = fail_write(w, archive_error_string(a));
    return done;
}

static int by_key(const void *a, const void *b) {
    const struct carry_object *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    if (order == 0) // the one that says more comes first
        order = (x->sha384 == NULL) - (y->sha384 == NULL);
    return order;
}

// Sorted, each once, with its size. False when one is missing.
static bool settle(struct writing *w, struct carry_object *objects, uint32_t *count) {
    uint32_t kept = 0;
    if (*count > 0)
        qsort(objects, *count, sizeof *objects, by_key);
    for (uint32_t i = 0; i < *count; i++) {
        if (kept > 0 && strcmp(objects[kept - 1].key, objects[i].key) == 0)
            continue;
        objects[kept] = objects[i];
        if (!store_has(w->store, objects[kept].key, &objects[kept].size)) {
            diag_report(w->diag, NULL, FILE_OPEN, objects[kept].key, strerror(errno));
            return false;
        }
        kept++;
    }
    *count = kept;
    return true;
}

bool carry_out(struct arena *arena, struct store *store, struct carry_object *objects,
               uint32_t count, const char *path, struct diag *diag) {
    struct writing w = {.arena = arena, .store = store, .diag = diag, .path = path};
    if (!settle(&w, objects, &count))
        return false;
    struct outset *set = outset_new();
    w.file = outset_open(set, path);
    if (w.file == NULL) {
        fail_write(&w, strerror(errno));
        outset_abort(set);
        return false;
    }
    w.archive = archive_write_new();
    if (w.archive == NULL)
        fatal_out_of_memory();
    bool done = write_members(&w, objects, count);
    archive_write_free(w.archive);
    if (!done) {
        outset_abort(set);
        return false;
    }
    return outset_commit(set, NULL) || fail_write(&w, strerror(errno));
}

// ---- Reading ----

struct awaited {
    const char *sha384; // or NULL
    uint64_t size;
    bool came;
};

struct reading {
    struct arena *arena;
    struct store *store;
    struct diag *diag;
    const char *path;
    struct archive *archive;
    struct names *awaited;     // key -> struct awaited
    uint32_t missing;          // of those
    uint64_t packed, unpacked; // bytes of the archive, and of what came out of it
    bool has_index;
    struct carry_count *out;
};

static bool fail_read(struct reading *r, const char *why) {
    if (archive_errno(r->archive) == ENOMEM)
        fatal_out_of_memory();
    diag_report(r->diag, NULL, ARCHIVE_BAD, r->path, why == NULL ? "unknown format" : why);
    return false;
}

static bool take_line(struct reading *r, char *line) {
    char *key = strsep(&line, " "), *size = strsep(&line, " "), *sha384 = line, *end = NULL;
    if (size == NULL || sha384 == NULL || !digest_is_text(DIGEST_SHA256, key) ||
        (strcmp(sha384, "-") != 0 && !digest_is_text(DIGEST_SHA384, sha384)))
        return fail_read(r, "its index is malformed");
    void **slot = names_slot(r->awaited, key);
    struct awaited *awaited = arena_new_of(r->arena, struct awaited);
    awaited->size = strtoull(size, &end, 10);
    awaited->sha384 = sha384[0] == '-' ? NULL : sha384;
    if (*end != '\0' || *slot != NULL)
        return fail_read(r, "its index is malformed");
    *slot = awaited;
    r->missing++;
    return true;
}

static bool read_index(struct reading *r, uint64_t size) {
    enum { LONGEST_INDEX = 64 * 1024 * 1024 };
    if (size > LONGEST_INDEX || r->has_index)
        return fail_read(r, "its index is malformed");
    char *text = arena_alloc(r->arena, (size_t)size + 1);
    if (archive_read_data(r->archive, text, (size_t)size) != (la_ssize_t)size)
        return fail_read(r, archive_error_string(r->archive));
    if (strlen(text) != size || (size > 0 && text[size - 1] != '\n'))
        return fail_read(r, "its index is malformed");
    r->has_index = true;
    for (char *rest = text; *rest != '\0';) {
        if (!take_line(r, strsep(&rest, "\n")))
            return false;
    }
    return true;
}

// Files that were fetched are hardly ever as even as this; no index may ask for the whole disk.
static bool count_bytes(struct reading *r, const char *key, size_t more) {
    enum { RATIO_MATTERS_FROM = 64 * 1024 * 1024 };
    r->unpacked += more;
    if (r->unpacked <= RATIO_MATTERS_FROM || r->unpacked / limits.archive_ratio <= r->packed)
        return true;
    return fail_read(r,
                     arena_printf(r->arena, "with object %s it holds more than %llu times its size",
                                  key, (unsigned long long)limits.archive_ratio));
}

// Into the store, when the content has the sum that its name is.
static bool copy_in(struct reading *r, const char *key, const struct awaited *awaited) {
    struct store_writer *writer = store_writer_new(r->store);
    char now[STORE_KEY_SIZE];
    if (writer == NULL)
        return fail_read(r, strerror(errno));
    uint64_t size = 0;
    int status;
    bool fair = true;
    for (;;) {
        const void *block;
        size_t length;
        la_int64_t offset;
        status = archive_read_data_block(r->archive, &block, &length, &offset);
        if (status != ARCHIVE_OK || (uint64_t)offset != size || length > awaited->size - size)
            break;
        fair = count_bytes(r, key, length);
        if (!fair)
            break;
        store_write(writer, block, length);
        size += length;
    }
    if (!fair) {
        store_writer_drop(writer);
        return false;
    }
    if (status != ARCHIVE_EOF || size != awaited->size) {
        store_writer_drop(writer);
        return fail_read(r, status < 0 ? archive_error_string(r->archive)
                                       : "an object has another size than the index says");
    }
    if (store_writer_end(writer, key, now))
        return true;
    return fail_read(r, errno == EBADMSG
                            ? arena_printf(r->arena, "object %s has SHA-256 %s", key, now)
                            : strerror(errno));
}

static bool read_object(struct reading *r, const char *key) {
    struct awaited *awaited = names_find(r->awaited, key);
    if (awaited == NULL || awaited->came)
        return fail_read(r, "it has an object that its index does not list");
    bool has = store_has(r->store, key, NULL) && store_is_sound(r->store, key);
    if (!has && !copy_in(r, key, awaited))
        return false;
    if (awaited->sha384 != NULL && !fetch_name_by_sha384(r->arena, r->store, key, awaited->sha384))
        return fail_read(
            r, arena_printf(r->arena, "object %s has not SHA-384 %s", key, awaited->sha384));
    fetch_mark(r->store, key);
    awaited->came = true;
    r->missing--;
    r->out->objects++;
    r->out->bytes += awaited->size;
    return true;
}

static bool read_member(struct reading *r, struct archive_entry *entry) {
    const char *name = archive_entry_pathname(entry);
    size_t folder = sizeof object_folder - 1;
    if (name == NULL || archive_entry_filetype(entry) != AE_IFREG ||
        archive_entry_hardlink(entry) != NULL || archive_entry_size(entry) < 0)
        return fail_read(r, "it is no archive of zooc cache export");
    if (strcmp(name, index_name) == 0)
        return read_index(r, (uint64_t)archive_entry_size(entry));
    if (!r->has_index || strncmp(name, object_folder, folder) != 0)
        return fail_read(r, "it is no archive of zooc cache export");
    return read_object(r, arena_strdup(r->arena, name + folder));
}

static bool read_members(struct reading *r) {
    struct archive *a = r->archive;
    struct stat file;
    if (stat(r->path, &file) == 0)
        r->packed = (uint64_t)file.st_size;
    archive_read_support_filter_zstd(a);
    archive_read_support_format_tar(a);
    if (archive_read_open_filename(a, r->path, BLOCK) != ARCHIVE_OK)
        return fail_read(r, archive_error_string(a));
    for (;;) {
        struct archive_entry *entry;
        int status = archive_read_next_header(a, &entry);
        if (status == ARCHIVE_EOF)
            break;
        if (status != ARCHIVE_OK)
            return fail_read(r, archive_error_string(a));
        if (!read_member(r, entry))
            return false;
    }
    if (!r->has_index)
        return fail_read(r, "it is no archive of zooc cache export");
    return r->missing == 0 || fail_read(r, "objects are missing, its end is cut off");
}

bool carry_in(struct arena *arena, struct store *store, const char *path, struct carry_count *out,
              struct diag *diag) {
    struct reading r = {.arena = arena,
                        .store = store,
                        .diag = diag,
                        .path = path,
                        .awaited = names_new(arena),
                        .out = out};
    *out = (struct carry_count){.objects = 0};
    r.archive = archive_read_new();
    if (r.archive == NULL)
        fatal_out_of_memory();
    bool done = read_members(&r);
    archive_read_free(r.archive);
    return done;
}
