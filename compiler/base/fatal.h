// SPDX-License-Identifier: Apache-2.0
// The ends of the road that no function can come back from. All print to standard error, run the
// registered clean-ups of half-written files (outfile.h) and end the process: with exit code 70
// when the fault is ours or the machine's, with 1 when it is that of an input.
#ifndef ZOOC_FATAL_H
#define ZOOC_FATAL_H

enum exit_code {
    EXIT_DONE = 0,
    EXIT_INPUT = 1, // the input is at fault
    EXIT_USAGE = 2, // wrong command line
    EXIT_BUG = 70,  // our own fault
};

_Noreturn void fatal_out_of_memory(void);

// Mapped bytes of a file are gone: somebody has cut it (map.h). For a signal handler.
_Noreturn void fatal_file_changed(const char *path);

// The one function that removes half-written files; outfile.c sets it. It must be safe to call at
// any moment: no allocation, no stdio.
void fatal_set_clean_up(void (*clean)(void));

// An invariant of ours is broken; names our file and line, never the user's.
#define fatal_bug(...) fatal_bug_at(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void fatal_bug_at(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
