// SPDX-License-Identifier: Apache-2.0
// Paths as text.
#ifndef ZOOC_PATH_H
#define ZOOC_PATH_H

#include "compiler/base/arena.h"

// Without links, `.` and `..`; "" is the working directory. NULL with errno when there is no such
// file.
const char *path_absolute(struct arena *arena, const char *path);

// The way from one absolute folder to another: "" or ending in '/'.
const char *path_relative(struct arena *arena, const char *from, const char *to);

#endif
