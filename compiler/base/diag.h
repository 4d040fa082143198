// SPDX-License-Identifier: Apache-2.0
// Messages to the user. Each is an entry of diag.def: its number, grade, text, and what to do.
// Numbers 1 to 97 are the numbered causes of the Developer Guide's FAQ; ours start at 1000.
//
// Reporting collects; only cli prints (diag_print). Text is lower case, says what failed first,
// quotes the subject in single quotes and carries no full stop.
#ifndef ZOOC_DIAG_H
#define ZOOC_DIAG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "compiler/base/arena.h"

enum diag_grade {
    DIAG_NOTE,
    DIAG_WARNING,
    DIAG_FAILED, // this model cannot be converted; importing goes on to find more
    DIAG_FATAL,  // cannot go on
    DIAG_BUG,    // our own fault, exit code 70
};

enum diag_id {
#define DIAG(number, id, grade, format, remedy) D_##id,
#include "compiler/base/diag.def"
#undef DIAG
    DIAG_ID_COUNT
};

// The formats stand here as arrays so that the compiler checks every call's arguments.
#define DIAG(number, id, grade, format, remedy)                                                    \
    __attribute__((unused)) static const char diag_format_##id[] = format;
#include "compiler/base/diag.def"
#undef DIAG

// Where: any part may be missing (NULL or 0). Strings must outlive the diag.
struct place {
    const char *file;
    uint32_t line, column; // from 1; 0 = no line (binary file)
    uint64_t offset;       // byte offset in a binary file; used when has_offset
    bool has_offset;
    const char *layer;      // layer or node of the source model
    const char *layer_type; // its type in the source framework
    const char *text;       // start of the source line, for the caret; ends at newline or NUL
};

struct diag;

struct diag *diag_new(struct arena *arena);

// DIAG_AT(diag, &place, UNKNOWN_LAYER, args...): `at` may be NULL.
#define diag_report(d, at, id, ...)                                                                \
    diag_report_format((d), (at), D_##id, diag_format_##id, ##__VA_ARGS__)
void diag_report_format(struct diag *diag, const struct place *at, enum diag_id id,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));

// A warning already reported with the same id and text is not kept twice.
unsigned diag_count(const struct diag *diag, enum diag_grade at_least);
bool diag_has(const struct diag *diag, enum diag_id id);
// 0, 1 or 70 after the worst grade reported.
int diag_exit_code(const struct diag *diag);

enum diag_style { DIAG_PLAIN, DIAG_COLOR, DIAG_JSON };
// Prints every message not yet printed that is at least `from`.
void diag_print(struct diag *diag, FILE *to, enum diag_style style, enum diag_grade from);

// The table, for `zooc explain N` and the coverage test.
struct diag_entry {
    unsigned number;
    const char *name;
    enum diag_grade grade;
    const char *format, *remedy;
};
const struct diag_entry *diag_entry(enum diag_id id);

#endif
