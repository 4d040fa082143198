// SPDX-License-Identifier: Apache-2.0
// Runs a program and measures it: wall time, and the peak of its anonymous memory (RssAnon), looked
// at every millisecond. Mapped files are not in it: their pages are the kernel's.
#ifndef ZOOC_TESTS_SPAWN_H
#define ZOOC_TESTS_SPAWN_H

#include <stdbool.h>
#include <stdint.h>

struct spawned {
    int status; // exit status; 128 + the signal that ended it
    double seconds;
    uint64_t peak_anonymous; // bytes, of the process itself
    uint64_t peak_tree;      // bytes, of it and all its descendants together
};

// Standard output and error go to the file `log` (NULL: they stay). False when it cannot be
// started.
bool spawn(const char *const *argv, const char *log, struct spawned *out);

#endif
