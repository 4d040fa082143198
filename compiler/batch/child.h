// SPDX-License-Identifier: Apache-2.0
// Runs a program, or a function in a process of its own, and takes what it prints. Whatever a
// hostile model does to a conversion, the step that started it lives to tell.
#ifndef ZOOC_BATCH_CHILD_H
#define ZOOC_BATCH_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

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

// As child_run, but the child is this process forked: loading a program anew takes longer than many
// a conversion. The words are those of a sub-command, its name first.
typedef int child_function(int argc, char **argv);
void child_run_function(child_function *function, char **words, struct child_result *result);

// In a child that was forked: from now on it ends, at once, when its parent does. False when the
// parent is gone already.
bool child_ends_with(pid_t parent);

#endif
