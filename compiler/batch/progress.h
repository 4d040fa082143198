// SPDX-License-Identifier: Apache-2.0
// What the user sees while ninja works, made from the lines that ninja prints to a pipe.
#ifndef ZOOC_BATCH_PROGRESS_H
#define ZOOC_BATCH_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>

// NINJA_STATUS that makes its lines recognisable: finished steps, all steps.
#define PROGRESS_STATUS "@%f/%t "

struct progress {
    FILE *to;
    bool terminal;     // one line that changes; else a line for each step
    bool line_is_open; // of the terminal
    bool skip_command; // the next line is a failed command
    bool nothing_to_do;
};

void progress_start(struct progress *progress, FILE *to);
// One line of ninja's, without its end.
void progress_line(struct progress *progress, const char *line);
void progress_end(struct progress *progress);

#endif
