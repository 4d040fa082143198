// SPDX-License-Identifier: Apache-2.0
// Runs a program and takes what it prints. A conversion is a process of its own: whatever a hostile
// model does to it, the step that started it lives to tell.
#ifndef ZOOC_BATCH_CHILD_H
#define ZOOC_BATCH_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/base/strbuf.h"

struct child_result {
    int status;           // exit code, or -1
    int signal;           // that ended it, or 0
    int error;            // errno when it could not be started
    uint64_t memory;      // largest resident size in bytes
    struct strbuf output; // standard output and error, the first megabyte
};

// The caller frees result->output.
void child_run(char *const *words, struct child_result *result);

#endif
