// SPDX-License-Identifier: Apache-2.0
// The two ends of the road that are not the user's fault. Both print one line to standard error,
// run the registered clean-ups of half-written files (outfile.h) and end the process with exit
// code 70.
#ifndef ZOOC_FATAL_H
#define ZOOC_FATAL_H

enum exit_code {
    EXIT_DONE = 0,
    EXIT_INPUT = 1, // the input is at fault
    EXIT_USAGE = 2, // wrong command line
    EXIT_BUG = 70,  // our own fault
};

_Noreturn void fatal_out_of_memory(void);

// The one function that removes half-written files; outfile.c sets it. It must be safe to call at
// any moment: no allocation, no stdio.
void fatal_set_clean_up(void (*clean)(void));

// An invariant of ours is broken; names our file and line, never the user's.
#define fatal_bug(...) fatal_bug_at(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void fatal_bug_at(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
