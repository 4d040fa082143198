// SPDX-License-Identifier: Apache-2.0
// A step of a build, as a ninja edge runs it: make the folder of a model's files (unpack), convert
// a model, or verify an IR.
//
// The question of a step is its kind, the compiler's build id, its options and the contents of its
// inputs. When the step's record answers the question and its outputs still are what the record
// says, nothing is done, so that restat tells ninja that nothing has changed. Otherwise the step
// runs; on success its outputs and then its record appear, on failure there is neither, and the
// log's first line is the cause. A step runs in the build folder.
#ifndef ZOOC_BATCH_STEP_H
#define ZOOC_BATCH_STEP_H

#include <stdio.h>

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"
#include "compiler/batch/child.h"

enum step_kind { STEP_UNPACK, STEP_CONVERT, STEP_VERIFY, STEP_KIND_COUNT };

enum step_word {
    STEP_SET,    // an option and its value
    STEP_FILE,   // an option and a file that it names
    STEP_PREFIX, // an option and the beginning of the names of files
};

struct step_argument {
    enum step_word word;
    const char *option; // "": the file is only read
    const char *value;  // of STEP_SET; else the name in records and messages
    const char *path;   // from the build folder
};

// A file that becomes part of the model's folder, or the archive that becomes the folder.
struct step_origin {
    bool is_archive;
    const char *name; // in the folder; of an archive as the manifest calls it
    const char *path; // from the build folder; NULL when it is fetched
    const char **urls;
    uint32_t url_count;
    const char *sha256, *sha384; // or NULL
    uint64_t size;               // 0: not known
};

struct step_preparation {
    const char *unpack;                   // a file of the folder, or NULL:
    const char *replace, *pattern, *with; // in a file of the folder
    uint64_t count;
};

struct step {
    enum step_kind kind;
    const char *model, *variant; // variant "": none
    unsigned golden;             // number of the golden to verify, from 1
    struct step_argument *arguments;
    uint32_t argument_count;
    // Of unpacking:
    struct step_origin *origins;
    uint32_t origin_count;
    struct step_preparation *preparations; // in this order
    uint32_t preparation_count;
    const char **needs; // files that must be in the folder then
    uint32_t need_count;
};

extern const char *const step_kind_names[STEP_KIND_COUNT]; // "unpack", "convert", "verify"
// STEP_KIND_COUNT when it is none.
enum step_kind step_kind_of(const char *name);

// Reads the words behind `zooc step KIND`: the language that rules/ninja/plan.c writes. False after
// a report.
bool step_parse(struct arena *arena, struct diag *diag, enum step_kind kind, int count,
                char *const *words, struct step *out);

// In the build folder. Returns an exit code. Prints on standard output only what went wrong. `find`
// gives the function of a sub-command ("convert", "verify").
int step_run(struct arena *arena, const struct step *step,
             child_function *(*find)(const char *name));

// The same for a step whose answer stands or is in the cache; any other is left as it is. Prints
// only what is wrong with the cache.
bool step_restore(struct arena *arena, const struct step *step);

// Says whether the step would run, and why. `earlier`: a step whose outputs it reads will run, or
// NULL. Returns whether this one will.
bool step_explain(struct arena *arena, const struct step *step, const char *earlier, FILE *to);

#endif
