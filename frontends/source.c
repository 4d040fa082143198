// SPDX-License-Identifier: Apache-2.0
#include "frontends/source.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "compiler/base/limits.h"
#include "compiler/base/map.h"

static bool is_web_page(struct slice bytes) {
    while (bytes.size > 0 && strchr(" \t\r\n", bytes.data[0]) != NULL)
        slice_advance(&bytes, 1);
    static const char *const starts[] = {"<!doctype", "<html", "<head"};
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        size_t length = strlen(starts[i]);
        if (bytes.size >= length && strncasecmp((const char *)bytes.data, starts[i], length) == 0)
            return true;
    }
    return false;
}

static bool report_too_large(struct diag *diag, const char *path) {
    struct stat status = {0};
    stat(path, &status);
    diag_report(diag, NULL, FILE_TOO_LARGE, path, (unsigned long long)status.st_size,
                (unsigned long long)limits.file_bytes);
    return false;
}

bool source_open(struct arena *arena, struct diag *diag, const char *path, struct slice *out) {
    if (!map_file(arena, path, out)) {
        if (errno == EFBIG)
            return report_too_large(diag, path);
        diag_report(diag, NULL, FILE_OPEN, path, strerror(errno));
        return false;
    }
    if (out->size == 0)
        diag_report(diag, NULL, FILE_EMPTY, path);
    else if (slice_starts(*out, "version https://git-lfs.github.com/spec/"))
        diag_report(diag, NULL, FILE_IS_LFS_POINTER, path);
    else if (is_web_page(*out))
        diag_report(diag, NULL, FILE_IS_WEB_PAGE, path);
    else
        return true;
    return false;
}

bool source_exists(const char *path) {
    struct stat status;
    return stat(path, &status) == 0;
}

bool source_is_folder(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool source_is_empty(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0;
}

bool source_has_suffix(const char *path, const char *suffix) {
    size_t length = strlen(path), wanted = strlen(suffix);
    return length >= wanted && strcasecmp(path + length - wanted, suffix) == 0;
}

const char *source_beside(struct arena *arena, const char *path, const char *suffix) {
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    if (dot == NULL || (slash != NULL && dot < slash))
        dot = path + strlen(path);
    return arena_printf(arena, "%.*s%s", (int)(dot - path), path, suffix);
}

const char *source_last_of(struct arena *arena, const char *folder,
                           bool (*accept)(const char *file, const void *to), const void *to) {
    DIR *dir = opendir(*folder == '\0' ? "." : folder);
    const char *last = NULL;
    if (dir == NULL)
        return NULL;
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
        if (accept(e->d_name, to) && (last == NULL || strcmp(e->d_name, last) > 0))
            last = arena_strdup(arena, e->d_name);
    closedir(dir);
    return last;
}

static int is_shown(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

const char **source_list(struct arena *arena, const char *folder) {
    struct dirent **entries;
    int count = scandir(folder, &entries, is_shown, by_bytes);
    const char **names = arena_array_of(arena, (count < 0 ? 0 : (size_t)count) + 1, const char *);
    for (int i = 0; i < count; i++) {
        names[i] = arena_strdup(arena, entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return names;
}
