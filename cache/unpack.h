// SPDX-License-Identifier: Apache-2.0
// Unpacks an archive from anywhere: tar (plain, gz, bz2, xz, zst), zip and 7z. It is read as a
// stream into a folder beside the destination, which is replaced only when everything went well.
//
// Refused, with the member named: absolute paths, `..`, links out of the tree, devices, pipes and
// sockets, encrypted members, members that occur twice or differ only in case, and whatever exceeds
// the limits. Files get mode 0644 or 0755; owners, times and special bits are not taken over.
#ifndef ZOOC_CACHE_UNPACK_H
#define ZOOC_CACHE_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "cache/hash.h"
#include "compiler/base/arena.h"
#include "compiler/base/diag.h"

struct unpack_limits {
    uint64_t bytes, members, ratio; // 0: what limits.h says
};

struct unpack_request {
    const char *archive;     // file to read
    const char *said;        // its name in messages
    const char *prefix;      // only members below this folder, without it; NULL: all
    const char *destination; // folder to make or to replace
    bool adds;               // to a folder that is there; what there is already is no member's
    struct unpack_limits limits;
};

struct unpacked_file {
    const char *name;
    struct hash hash;
    uint64_t size;
};

struct unpacked {
    struct unpacked_file *files; // regular files, sorted by name
    uint32_t count;
};

// False with messages in `diag`; then nothing is left of the attempt and an older destination
// stays.
bool unpack_archive(const struct unpack_request *request, struct arena *arena, struct unpacked *out,
                    struct diag *diag);

#endif
