// SPDX-License-Identifier: Apache-2.0
// Output files that are never seen half-written: each is written beside its final name, flushed,
// and renamed by the commit of its set. A set's files appear together or, on any failure, not at
// all. fatal.h and the signals INT, TERM and HUP remove what is still open.
#ifndef ZOOC_OUTFILE_H
#define ZOOC_OUTFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outset;  // files that are committed together
struct outfile; // one of them

struct outset *outset_new(void);

// Starts a file beside `path`; parent folders are made. NULL with errno set on failure.
struct outfile *outset_open(struct outset *set, const char *path);

// Buffered; a large block goes straight to the file, and within the kernel when it lies in a mapped
// file (map.h). An error is kept and fails the commit.
void outfile_write(struct outfile *file, const void *data, uint64_t size);
void outfile_puts(struct outfile *file, const char *text);
void outfile_printf(struct outfile *file, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
// Zero bytes until the size is a multiple of `alignment`.
void outfile_align(struct outfile *file, uint64_t alignment);
uint64_t outfile_size(const struct outfile *file);

// Flushes every file to the disk, renames it, then frees the set. On failure nothing of the set
// remains, errno says why and *failed (when not NULL) points to the path at fault (valid until the
// next call).
bool outset_commit(struct outset *set, const char **failed);
// Removes what was written and frees the set. NULL is allowed.
void outset_abort(struct outset *set);

// The whole of a small text file at once; leaves an existing file with the same bytes untouched
// (*changed, when not NULL, says which). False with errno set on failure.
bool outfile_replace(const char *path, const void *data, size_t size, bool *changed);

#endif
