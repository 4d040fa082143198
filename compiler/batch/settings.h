// SPDX-License-Identifier: Apache-2.0
// Where the cache is and what may be done with it. What `zooc build` is told reaches the steps
// through their environment, for a word in build.ninja would be another command and would build
// everything again:
//
//   ZOOC_CACHE        the folder; else $XDG_CACHE_HOME/zooc, $HOME/.cache/zooc
//   ZOOC_CACHE_MODE   write; read: take, never put; off
//   ZOOC_CACHE_SIZE   what it may grow to
//   ZOOC_CACHE_URL    a remote cache
#ifndef ZOOC_BATCH_SETTINGS_H
#define ZOOC_BATCH_SETTINGS_H

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"

enum cache_mode { CACHE_WRITE, CACHE_READ, CACHE_OFF, CACHE_MODE_COUNT };

// As written; NULL: not given.
struct cache_settings {
    const char *folder, *mode, *size, *url;
};

#define CACHE_DEFAULT_SIZE (32ULL << 30)

// Beginning of the names of the files, in the build folder, that tell of a remote's failure.
#define CACHE_FAULT_MARK ".zooc/remote-failed"

// A number of bytes: 512M, 4G. False when it is none, or 0.
bool read_size(const char *text, uint64_t *size);

// Checks the settings, given or of the environment, and sets the environment to those given. False
// after a report.
bool cache_set_environment(struct arena *arena, const struct cache_settings *given,
                           struct diag *diag);

struct cache_environment {
    const char *folder; // NULL: none
    const char *url;    // NULL: none
    enum cache_mode mode;
    uint64_t size;
};

// What is wrong in the environment counts as not given: a build has checked it.
struct cache_environment cache_environment(struct arena *arena);

// A build starts: forgets that a remote has failed.
void cache_forget_faults(struct arena *arena, const char *folder);

// Removes what was used the longest ago when the cache has outgrown its size.
void cache_shrink(struct arena *arena);

#endif
