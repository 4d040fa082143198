// SPDX-License-Identifier: Apache-2.0
// Ninja's own log (.ninja_log): which command made an output, and when. What zooc makes without
// ninja is entered there, or ninja would make it again.
//
// The format is that of ninja 1.9 to 1.11, version 5: the line "# ninja log v5", then lines of
// START TAB END TAB MTIME TAB OUTPUT TAB HASH, of which the last about an output counts. MTIME is
// in nanoseconds: what was changed later asks for the command again. HASH, in hexadecimal, is
// MurmurHash64A of the command as the shell gets it. Other versions are left alone.
#ifndef ZOOC_NINJA_LOG_H
#define ZOOC_NINJA_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/base/arena.h"
#include "compiler/base/strbuf.h"

struct ninja_log;

struct ninja_log_entry {
    int64_t changed; // nanoseconds since 1970
    uint64_t hash;
};

// Does this ninja ("1.11.1", as it calls itself) keep its log in this format?
bool ninja_log_is_known(const char *version);

// No such file is an empty log. NULL when it is in another format or cannot be read.
struct ninja_log *ninja_log_read(struct arena *arena, const char *path);

// NULL when no command is known to have made it.
const struct ninja_log_entry *ninja_log_find(const struct ninja_log *log, const char *output);

uint64_t ninja_log_hash(const char *command, size_t length);

// The first line of a new log.
void ninja_log_start(struct strbuf *to);
void ninja_log_add(struct strbuf *to, const char *output, const struct ninja_log_entry *entry);

#endif
