// SPDX-License-Identifier: Apache-2.0
// pack ARCHIVE FOLDER: the files of a folder (one level) as an archive of the kind its name says,
// with the same bytes each time: sorted, without owner, time or mode of this machine.
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct kind {
    const char *suffix;
    int (*format)(struct archive *);
    int (*filter)(struct archive *);
    const char *options; // as archive_write_set_options takes them, or NULL
} kinds[] = {
    {".tar", archive_write_set_format_ustar, archive_write_add_filter_none, NULL},
    {".tar.gz", archive_write_set_format_ustar, archive_write_add_filter_gzip, "gzip:!timestamp"},
    {".tar.bz2", archive_write_set_format_ustar, archive_write_add_filter_bzip2, NULL},
    {".tar.xz", archive_write_set_format_ustar, archive_write_add_filter_xz, "compression-level=9"},
    {".tar.zst", archive_write_set_format_ustar, archive_write_add_filter_zstd,
     "compression-level=19"},
    {".zip", archive_write_set_format_zip, archive_write_add_filter_none, NULL},
    {".7z", archive_write_set_format_7zip, archive_write_add_filter_none, "compression=lzma2"},
};

static const struct kind *kind_of(const char *name) {
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t n = strlen(name), m = strlen(kinds[i].suffix);
        if (n > m && strcmp(name + n - m, kinds[i].suffix) == 0)
            return &kinds[i];
    }
    return NULL;
}

static int is_file(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static char *read_whole(const char *path, size_t *size) {
    FILE *f = fopen(path, "rb");
    char *data = NULL;
    if (f == NULL || fseek(f, 0, SEEK_END) != 0)
        goto done;
    long length = ftell(f);
    rewind(f);
    data = length >= 0 ? malloc((size_t)length + 1) : NULL;
    *size = data != NULL ? fread(data, 1, (size_t)length, f) : 0;
done:
    if (f != NULL)
        fclose(f);
    return data;
}

static bool add(struct archive *to, struct archive_entry *entry, const char *folder,
                const char *name) {
    char path[4096];
    size_t size = 0;
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    char *data = read_whole(path, &size);
    archive_entry_clear(entry);
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, (la_int64_t)size);
    archive_entry_set_mtime(entry, 946684800, 0); // 2000: zip knows no time before 1980
    bool ok = data != NULL && archive_write_header(to, entry) == ARCHIVE_OK &&
              archive_write_data(to, data, size) == (la_ssize_t)size;
    free(data);
    return ok;
}

static bool pack(const struct kind *kind, const char *path, const char *folder,
                 struct dirent **files, int count) {
    struct archive *to = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    bool ok = kind->format(to) == ARCHIVE_OK && kind->filter(to) == ARCHIVE_OK;
    if (ok && kind->options != NULL)
        ok = archive_write_set_options(to, kind->options) == ARCHIVE_OK;
    ok = ok && archive_write_open_filename(to, path) == ARCHIVE_OK;
    for (int i = 0; ok && i < count; i++)
        ok = add(to, entry, folder, files[i]->d_name);
    archive_entry_free(entry);
    ok = archive_write_close(to) == ARCHIVE_OK && ok;
    if (!ok)
        fprintf(stderr, "pack: %s: %s\n", path,
                archive_error_string(to) ? archive_error_string(to) : strerror(errno));
    archive_write_free(to);
    return ok;
}

int main(int argc, char **argv) {
    struct dirent **files;
    const struct kind *kind = argc == 3 ? kind_of(argv[1]) : NULL;
    if (kind == NULL) {
        fprintf(stderr,
                "usage: pack ARCHIVE.tar|.tar.gz|.tar.bz2|.tar.xz|.tar.zst|.zip|.7z FOLDER\n");
        return 2;
    }
    int count = scandir(argv[2], &files, is_file, alphasort);
    if (count < 0) {
        perror(argv[2]);
        return 1;
    }
    bool ok = pack(kind, argv[1], argv[2], files, count);
    for (int i = 0; i < count; i++)
        free(files[i]);
    free(files);
    return ok ? 0 : 1;
}
