// SPDX-License-Identifier: Apache-2.0
#include "cache/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/base/strbuf.h"

bool tree_make_folders(const char *path) {
    struct strbuf part = STRBUF_INIT;
    bool done = true;
    for (const char *end = path; done && *end != '\0';) {
        end += strspn(end, "/");
        end += strcspn(end, "/");
        strbuf_reset(&part);
        strbuf_add(&part, path, (size_t)(end - path));
        done = mkdir(part.data, 0755) == 0 || errno == EEXIST;
    }
    int error = errno;
    strbuf_free(&part);
    errno = error;
    return done;
}

static void close_keeping_errno(int fd) {
    int error = errno;
    close(fd);
    errno = error;
}

// Opens the folder that holds the last component of `name`; *last points at that component.
static int open_parent(int root, const char *name, bool make, const char **last) {
    int at = fcntl(root, F_DUPFD_CLOEXEC, 0);
    const char *slash;
    while (at >= 0 && (slash = strchr(name, '/')) != NULL) {
        char part[256];
        size_t length = (size_t)(slash - name);
        if (length >= sizeof part) {
            close(at);
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(part, name, length);
        part[length] = '\0';
        int next = -1;
        if (!make || mkdirat(at, part, 0755) == 0 || errno == EEXIST)
            next = openat(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        close_keeping_errno(at);
        at = next;
        name = slash + 1;
    }
    *last = name;
    return at;
}

bool tree_folder(int root, const char *name) {
    const char *last;
    int at = open_parent(root, name, true, &last);
    if (at < 0)
        return false;
    bool done = mkdirat(at, last, 0755) == 0 || errno == EEXIST;
    close_keeping_errno(at);
    return done;
}

int tree_create(int root, const char *name, bool executable) {
    const char *last;
    int at = open_parent(root, name, true, &last);
    if (at < 0)
        return -1;
    int fd = openat(at, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    executable ? 0755 : 0644);
    close_keeping_errno(at);
    return fd;
}

bool tree_symlink(int root, const char *name, const char *target) {
    const char *last;
    int at = open_parent(root, name, true, &last);
    if (at < 0)
        return false;
    bool done = symlinkat(target, at, last) == 0;
    close_keeping_errno(at);
    return done;
}

bool tree_hardlink(int root, const char *name, const char *existing) {
    const char *last, *old_last;
    int at = open_parent(root, name, true, &last);
    if (at < 0)
        return false;
    int from = open_parent(root, existing, false, &old_last);
    bool done = from >= 0 && linkat(from, old_last, at, last, 0) == 0;
    if (from >= 0)
        close_keeping_errno(from);
    close_keeping_errno(at);
    return done;
}

// Between some kinds of file system the kernel does not copy.
static bool copy_through_memory(int from, int to) {
    unsigned char block[16384];
    off_t at = 0;
    for (;;) {
        ssize_t got = pread(from, block, sizeof block, at);
        if (got == 0)
            return true;
        if (got < 0 && errno != EINTR)
            return false;
        if (got > 0 && pwrite(to, block, (size_t)got, at) != got)
            return false;
        at += got > 0 ? got : 0;
    }
}

static bool copy_file(int from, int to) {
    off_t start = 0;
    ssize_t got;
    do {
        got = copy_file_range(from, &start, to, NULL, (size_t)1 << 30, 0);
    } while (got > 0 || (got < 0 && errno == EINTR));
    return got == 0 || copy_through_memory(from, to);
}

bool tree_place(int root, const char *name, int file) {
    char self[64];
    const char *last;
    snprintf(self, sizeof self, "/proc/self/fd/%d", file);
    int at = open_parent(root, name, true, &last);
    if (at < 0)
        return false;
    bool done = linkat(AT_FDCWD, self, at, last, AT_SYMLINK_FOLLOW) == 0;
    close_keeping_errno(at);
    if (done || errno == EEXIST)
        return done;
    int to = tree_create(root, name, false);
    if (to < 0)
        return false;
    done = copy_file(file, to);
    return close(to) == 0 && done;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

bool tree_remove(const char *path) {
    struct stat status;
    if (lstat(path, &status) != 0)
        return errno == ENOENT;
    return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0;
}

bool tree_replace(const char *fresh, const char *path) {
    if (rename(fresh, path) == 0)
        return true;
    if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
        return false;
    if (renameat2(AT_FDCWD, fresh, AT_FDCWD, path, RENAME_EXCHANGE) == 0)
        return tree_remove(fresh);
    // A file system that cannot exchange: for a moment there is no tree, which costs a new
    // unpacking.
    return tree_remove(path) && rename(fresh, path) == 0;
}

void tree_sweep(const char *path) {
    static const char temporary[] = ".zooc-";
    DIR *folder = opendir(path);
    const struct dirent *entry;
    if (folder == NULL)
        return;
    while ((entry = readdir(folder)) != NULL) {
        if (strncmp(entry->d_name, temporary, sizeof temporary - 1) == 0)
            unlinkat(dirfd(folder), entry->d_name, 0);
    }
    closedir(folder);
}
