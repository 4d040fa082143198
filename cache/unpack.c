// SPDX-License-Identifier: Apache-2.0
#include "cache/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/member.h"
#include "cache/tree.h"
#include "compiler/base/fatal.h"
#include "compiler/base/limits.h"
#include "compiler/base/names.h"

// Small archives of very even content are no bombs: below this the ratio does not count.
#define RATIO_MATTERS_FROM (64ULL * 1024 * 1024)

enum { READ_BLOCK = 128 * 1024 };

struct file_number {
    uint32_t index; // in unpacked.files, which moves as it grows
};

struct unpacking {
    const struct unpack_request *request;
    struct arena *arena;
    struct diag *diag;
    struct archive *archive;
    struct member_set *members;
    struct names *numbers; // of the regular files
    struct unpack_limits limits;
    const char *prefix; // clean
    const char *member; // the current one, for messages
    int root;
    uint64_t packed_bytes, bytes, members_seen;
    struct unpacked *out;
    uint32_t capacity;
};

static bool fail_archive(struct unpacking *u, const char *reason) {
    struct place at = {.file = u->request->said};
    if (u->archive != NULL && archive_errno(u->archive) == ENOMEM)
        fatal_out_of_memory();
    if (reason == NULL)
        reason = "unknown format";
    if (u->member != NULL)
        reason = arena_printf(u->arena, "member '%s': %s", u->member, reason);
    diag_report(u->diag, &at, ARCHIVE_BAD, u->request->said, reason);
    return false;
}

static bool fail_member(struct unpacking *u, const char *fault) {
    struct place at = {.file = u->request->said};
    diag_report(u->diag, &at, ARCHIVE_MEMBER, u->request->said, u->member, fault);
    return false;
}

static bool fail_limit(struct unpacking *u, const char *what, uint64_t limit) {
    struct place at = {.file = u->request->said};
    diag_report(u->diag, &at, ARCHIVE_LIMIT, u->request->said, u->member, what,
                (unsigned long long)limit);
    return false;
}

// Counts `more` unpacked bytes against the limits.
static bool count_bytes(struct unpacking *u, uint64_t more) {
    if (more > u->limits.bytes || u->bytes > u->limits.bytes - more)
        return fail_limit(u, "unpacked size", u->limits.bytes);
    u->bytes += more;
    if (u->bytes > RATIO_MATTERS_FROM && u->bytes / u->limits.ratio > u->packed_bytes)
        return fail_limit(u, "ratio of unpacked to packed size", u->limits.ratio);
    return true;
}

// ---- One regular file ----

static bool write_all(int fd, const unsigned char *data, size_t size) {
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            data += written;
            size -= (size_t)written;
        }
    }
    return true;
}

// A hole of a sparse file: hashed as the zeros it stands for, and left a hole.
static bool skip_hole(int fd, struct hasher *hasher, uint64_t size) {
    static const unsigned char zeros[4096];
    for (uint64_t left = size; left > 0;) {
        size_t part = left < sizeof zeros ? (size_t)left : sizeof zeros;
        hasher_add(hasher, zeros, part);
        left -= part;
    }
    off_t end = lseek(fd, (off_t)size, SEEK_CUR);
    return end >= 0 && ftruncate(fd, end) == 0;
}

static bool copy_data(struct unpacking *u, int fd, struct hasher *hasher, uint64_t *position) {
    for (;;) {
        const void *block;
        size_t size;
        la_int64_t offset;
        int status = archive_read_data_block(u->archive, &block, &size, &offset);
        if (status == ARCHIVE_EOF && size == 0 && (uint64_t)offset <= *position)
            return true;
        // A wrong checksum is a mere warning to libarchive; to us the file is damaged.
        if (status != ARCHIVE_OK && status != ARCHIVE_EOF)
            return fail_archive(u, archive_error_string(u->archive));
        if (offset < 0 || (uint64_t)offset < *position)
            return fail_archive(u, "its parts overlap");
        uint64_t hole = (uint64_t)offset - *position;
        if (!count_bytes(u, hole) || !count_bytes(u, size))
            return false;
        if (!skip_hole(fd, hasher, hole) || !write_all(fd, block, size))
            return fail_archive(u, strerror(errno));
        hasher_add(hasher, block, size);
        *position += hole + size;
        if (status == ARCHIVE_EOF)
            return true;
    }
}

static void note_file(struct unpacking *u, const char *name, struct hash hash, uint64_t size) {
    struct unpacked *out = u->out;
    ARENA_ROOM(u->arena, out->files, out->count, &u->capacity);
    struct file_number *number = arena_new_of(u->arena, struct file_number);
    number->index = out->count;
    *names_slot(u->numbers, name) = number;
    out->files[out->count++] = (struct unpacked_file){.name = name, .hash = hash, .size = size};
}

static bool unpack_file(struct unpacking *u, struct archive_entry *entry, const char *name) {
    bool sized = archive_entry_size_is_set(entry);
    uint64_t said = sized ? (uint64_t)archive_entry_size(entry) : 0, size = 0;
    if (said > u->limits.bytes)
        return fail_limit(u, "unpacked size", u->limits.bytes);
    int fd = tree_create(u->root, name, (archive_entry_perm(entry) & 0111) != 0);
    if (fd < 0)
        return fail_archive(u, strerror(errno));
    struct hasher *hasher = hasher_new();
    bool done = copy_data(u, fd, hasher, &size);
    struct hash hash = hasher_end(hasher);
    if (close(fd) != 0 && done)
        done = fail_archive(u, strerror(errno));
    if (done && sized && size != said)
        done = fail_archive(u, "it is shorter than it says");
    if (done)
        note_file(u, name, hash, size);
    return done;
}

// ---- Links and folders ----

static bool unpack_symlink(struct unpacking *u, struct archive_entry *entry, const char *name) {
    const char *target = archive_entry_symlink_utf8(entry);
    if (target == NULL)
        target = archive_entry_symlink(entry);
    const char *fault = target == NULL ? "is a link to nowhere" : member_link_fault(name, target);
    if (fault != NULL)
        return fail_member(u, fault);
    return tree_symlink(u->root, name, target) || fail_archive(u, strerror(errno));
}

static bool unpack_hardlink(struct unpacking *u, const char *target, const char *name) {
    const char *fault, *clean = member_clean(u->arena, target, &fault);
    const char *inside = clean == NULL ? NULL : member_below(clean, u->prefix);
    const struct file_number *number = inside == NULL ? NULL : names_find(u->numbers, inside);
    if (number == NULL)
        return fail_member(u, "is a hard link to no earlier file of the archive");
    struct unpacked_file file = u->out->files[number->index];
    note_file(u, name, file.hash, file.size);
    return tree_hardlink(u->root, name, inside) || fail_archive(u, strerror(errno));
}

// ---- Members ----

static const char *kind_fault(struct archive_entry *entry) {
    if (archive_entry_is_data_encrypted(entry))
        return "is encrypted";
    switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
    case AE_IFDIR:
    case AE_IFLNK:
        return NULL;
    case AE_IFCHR:
    case AE_IFBLK:
        return "is a device";
    case AE_IFIFO:
        return "is a named pipe";
    case AE_IFSOCK:
        return "is a socket";
    default:
        return "is of no known kind";
    }
}

static const char *hardlink_of(struct archive_entry *entry) {
    const char *target = archive_entry_hardlink_utf8(entry);
    return target != NULL ? target : archive_entry_hardlink(entry);
}

static bool unpack_member(struct unpacking *u, struct archive_entry *entry, const char *name) {
    const char *hardlink = hardlink_of(entry);
    bool folder = hardlink == NULL && archive_entry_filetype(entry) == AE_IFDIR;
    const char *fault = hardlink == NULL ? kind_fault(entry) : NULL;
    if (fault == NULL && name[0] == '\0' && !folder)
        fault = "has no name below the prefix";
    if (fault == NULL && name[0] != '\0')
        fault = member_set_add(u->members, name, folder);
    if (fault != NULL)
        return fail_member(u, fault);
    if (hardlink != NULL)
        return unpack_hardlink(u, hardlink, name);
    if (folder)
        return name[0] == '\0' || tree_folder(u->root, name) || fail_archive(u, strerror(errno));
    return archive_entry_filetype(entry) == AE_IFLNK ? unpack_symlink(u, entry, name)
                                                     : unpack_file(u, entry, name);
}

static bool next_member(struct unpacking *u, struct archive_entry *entry) {
    const char *raw = archive_entry_pathname_utf8(entry);
    if (raw == NULL)
        raw = archive_entry_pathname(entry);
    u->member = raw == NULL ? "" : arena_strdup(u->arena, raw);
    if (++u->members_seen > u->limits.members)
        return fail_limit(u, "number of members", u->limits.members);
    const char *fault;
    const char *name = member_clean(u->arena, u->member, &fault);
    if (name == NULL)
        return fail_member(u, fault);
    const char *below = member_below(name, u->prefix);
    if (below != NULL)
        return unpack_member(u, entry, below);
    // Skipping unpacks too, so it counts.
    return !archive_entry_size_is_set(entry) || count_bytes(u, (uint64_t)archive_entry_size(entry));
}

// A tar ends with a block of zeros. To libarchive a file that ends before it is as good; to us it
// is an archive that lost members. A compressed tar that is cut fails when it is unpacked.
static bool tar_has_end(const struct unpacking *u) {
    unsigned char block[512] = {1};
    bool plain = archive_filter_code(u->archive, 0) == ARCHIVE_FILTER_NONE;
    if (!plain || (archive_format(u->archive) & ARCHIVE_FORMAT_BASE_MASK) != ARCHIVE_FORMAT_TAR)
        return true;
    int fd = open(u->request->archive, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        off_t end = (off_t)u->packed_bytes - (off_t)sizeof block;
        if (end < 0 || pread(fd, block, sizeof block, end) != (ssize_t)sizeof block)
            block[0] = 1;
        close(fd);
    }
    size_t zeros = 0;
    while (zeros < sizeof block && block[zeros] == 0)
        zeros++;
    return zeros == sizeof block;
}

static bool read_members(struct unpacking *u) {
    for (;;) {
        struct archive_entry *entry;
        int status = archive_read_next_header(u->archive, &entry);
        if (status == ARCHIVE_EOF)
            break;
        // A warning is a name that the C locale cannot spell; its UTF-8 form is used.
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
            return fail_archive(u, archive_error_string(u->archive));
        if (!next_member(u, entry))
            return false;
    }
    u->member = NULL;
    if (!tar_has_end(u))
        return fail_archive(u, "its end is cut off");
    if (u->out->count > 0)
        return true;
    if (u->prefix[0] == '\0')
        return fail_archive(u, "it has no file");
    struct place at = {.file = u->request->said};
    diag_report(u->diag, &at, ARCHIVE_PREFIX, u->request->said, u->prefix);
    return false;
}

// ---- The whole ----

static bool open_archive(struct unpacking *u) {
    struct archive *a = u->archive;
    archive_read_support_filter_gzip(a);
    archive_read_support_filter_bzip2(a);
    archive_read_support_filter_xz(a);
    archive_read_support_filter_zstd(a);
    archive_read_support_format_tar(a);
    archive_read_support_format_zip(a);
    archive_read_support_format_7zip(a);
    struct stat status;
    struct place at = {.file = u->request->said};
    if (stat(u->request->archive, &status) != 0 || !S_ISREG(status.st_mode)) {
        const char *reason = errno == 0 || S_ISDIR(status.st_mode) ? "not a file" : strerror(errno);
        diag_report(u->diag, &at, FILE_OPEN, u->request->said, reason);
        return false;
    }
    u->packed_bytes = (uint64_t)status.st_size;
    if (status.st_size == 0) {
        diag_report(u->diag, &at, FILE_EMPTY, u->request->said);
        return false;
    }
    if (archive_read_open_filename(a, u->request->archive, READ_BLOCK) != ARCHIVE_OK)
        return fail_archive(u, archive_error_string(a));
    return true;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct unpacked_file *)a)->name, ((const struct unpacked_file *)b)->name);
}

// Into a folder of the caller's, who throws it away after a failure.
static bool unpack_beside(struct unpacking *u) {
    u->root = open(u->request->destination, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (u->root < 0)
        return fail_archive(u, strerror(errno));
    bool done = read_members(u);
    close(u->root);
    return done;
}

static bool unpack_into(struct unpacking *u, const char *fresh) {
    if (!tree_remove(fresh) || !tree_make_folders(fresh))
        return fail_archive(u, strerror(errno));
    u->root = open(fresh, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (u->root < 0)
        return fail_archive(u, strerror(errno));
    bool done = read_members(u);
    close(u->root);
    u->member = NULL;
    if (done && !tree_replace(fresh, u->request->destination))
        done = fail_archive(u, strerror(errno));
    if (!done)
        tree_remove(fresh);
    return done;
}

static void set_limits(struct unpacking *u) {
    const struct unpack_limits *wanted = &u->request->limits;
    u->limits.bytes = wanted->bytes ? wanted->bytes : limits.archive_bytes;
    u->limits.members = wanted->members ? wanted->members : limits.archive_members;
    u->limits.ratio = wanted->ratio ? wanted->ratio : limits.archive_ratio;
}

static bool unpack_all(struct unpacking *u) {
    const struct unpack_request *request = u->request;
    u->archive = archive_read_new();
    if (u->archive == NULL)
        fatal_out_of_memory();
    bool done = open_archive(u);
    if (done && request->adds)
        done = unpack_beside(u);
    else if (done)
        done = unpack_into(u, arena_printf(u->arena, "%s.new", request->destination));
    archive_read_free(u->archive);
    return done;
}

bool unpack_archive(const struct unpack_request *request, struct arena *arena, struct unpacked *out,
                    struct diag *diag) {
    struct unpacking u = {
        .request = request, .arena = arena, .diag = diag, .out = out, .prefix = ""};
    *out = (struct unpacked){.count = 0};
    set_limits(&u);
    const char *fault = NULL;
    if (request->prefix != NULL)
        u.prefix = member_clean(arena, request->prefix, &fault);
    if (fault != NULL)
        return fail_archive(&u, arena_printf(arena, "prefix '%s' %s", request->prefix, fault));
    u.members = member_set_new(arena);
    u.numbers = names_new(arena);
    // Names in zip and 7z are Unicode; libarchive gives them in the locale's encoding. This is the
    // one place with a locale, it is this thread's, and it touches no numbers.
    locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0), old = (locale_t)0;
    if (unicode != (locale_t)0)
        old = uselocale(unicode);
    bool done = unpack_all(&u);
    if (unicode != (locale_t)0) {
        uselocale(old);
        freelocale(unicode);
    }
    if (done)
        qsort(out->files, out->count, sizeof *out->files, by_name);
    return done;
}
