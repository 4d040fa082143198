// SPDX-License-Identifier: Apache-2.0
#include "compiler/base/limits.h"

#define KIB 1024ULL
#define MIB (1024ULL * KIB)
#define GIB (1024ULL * MIB)

struct limits limits = {
    .file_bytes = 64 * GIB,
    .nesting = 100,
    .skeleton_bytes = 256 * MIB,
    .messages = 4000000,
    .nodes = 1000000,
    .rank = 16,
    .tensor_bytes = 16 * GIB,
    .arena_tensor_bytes = 256 * MIB,
    .arenas_bytes = 4 * GIB,
    .text_bytes = 512 * MIB,
    .name_bytes = 16 * KIB,
    .archive_bytes = 32 * GIB,
    .archive_members = 100000,
    .archive_ratio = 1000,
};
