// SPDX-License-Identifier: Apache-2.0
// A folder tree filled from an untrusted archive. Every step from the root down is taken without
// following links, so nothing is ever made outside the root. Functions return false or -1 with
// errno.
#ifndef ZOOC_CACHE_TREE_H
#define ZOOC_CACHE_TREE_H

#include <stdbool.h>

// Makes `path` and the folders above it. Mode 0755 before the umask.
bool tree_make_folders(const char *path);

// `root` is an open folder, `name` relative and clean (member.h). Folders on the way are made.
bool tree_folder(int root, const char *name);
int tree_create(int root, const char *name, bool executable); // a new file, for writing
bool tree_symlink(int root, const char *name, const char *target);
// The open file as `name`: a second link to it, or else a copy.
bool tree_place(int root, const char *name, int file);
bool tree_hardlink(int root, const char *name, const char *existing);

// Removes a file, or a folder with all below it; links are removed, not followed. A path that does
// not exist is no error.
bool tree_remove(const char *path);

// Removes the half-written files (outfile.h) that processes which were killed have left in a
// folder. For a folder in which nobody is writing.
void tree_sweep(const char *path);

// Puts folder `fresh` in the place of `path`, which may exist and is then removed.
bool tree_replace(const char *fresh, const char *path);

#endif
