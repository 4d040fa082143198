// SPDX-License-Identifier: Apache-2.0
// A cache on another machine, in the layout of Bazel's HTTP caches: entries under URL/ac/KEY,
// objects under URL/cas/SHA256, read with GET and written with PUT. Nothing it says is believed:
// who takes from it hashes again.
//
// It may fail at any time; that costs time and one message, never a result. After a failure it is
// left alone for a while: by every process of the build, which learn of it through a file.
#ifndef ZOOC_CACHE_REMOTE_H
#define ZOOC_CACHE_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler/base/arena.h"
#include "compiler/base/slice.h"

enum remote_kind { REMOTE_ENTRY, REMOTE_OBJECT };

struct remote;

// http or https?
bool remote_is_address(const char *url);

// `mark`: beginning of the names of the files by which the processes of a build tell each other
// that it has failed.
struct remote *remote_open(struct arena *arena, const char *url, const char *mark);
void remote_close(struct remote *remote); // NULL is allowed

// What is there, no more than `most` bytes, written to open file `to`. False: missing, or failed.
bool remote_get(struct remote *remote, enum remote_kind kind, const char *key, uint64_t most,
                int to);
bool remote_has(struct remote *remote, enum remote_kind kind, const char *key);
bool remote_put(struct remote *remote, enum remote_kind kind, const char *key, int from,
                uint64_t size);

// The message of the failure that this process was the first to see in this build, else NULL.
const char *remote_fault(const struct remote *remote);

#endif
