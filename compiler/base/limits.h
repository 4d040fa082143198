// SPDX-License-Identifier: Apache-2.0
// Every limit on what an input may ask of us, in one table. Counts are per model unless said.
#ifndef ZOOC_LIMITS_H
#define ZOOC_LIMITS_H

#include <stdint.h>

struct limits {
    uint64_t file_bytes;         // a source file
    uint64_t nesting;            // of messages, brackets, JSON, YAML
    uint64_t skeleton_bytes;     // a protobuf with its large fields cut out
    uint64_t messages;           // sub-messages of one protobuf
    uint64_t nodes;              // layers or nodes of a source graph
    uint64_t rank;               // dimensions of a tensor
    uint64_t tensor_bytes;       // one tensor
    uint64_t arena_tensor_bytes; // one tensor computed in memory (folding)
    uint64_t arenas_bytes;       // all arenas of the process together
    uint64_t text_bytes;         // a text file: prototxt, JSON, YAML
    uint64_t name_bytes;         // a name
    uint64_t archive_bytes;      // unpacked size of an archive (the manifest may set another)
    uint64_t archive_members;    // members of an archive (the manifest may set another)
    uint64_t archive_ratio;      // unpacked : packed (the manifest may set another)
};

extern struct limits limits;

#endif
