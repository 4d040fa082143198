// SPDX-License-Identifier: Apache-2.0
// The options of a conversion: one table (options.def) for command lines, manifests and help.
//
// A value is kept as text in its normal form, so that two ways of writing the same thing are the
// same text: that text is what is hashed, recorded in the IR and parsed (values.h).
#ifndef ZOOC_OPTIONS_H
#define ZOOC_OPTIONS_H

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"
#include "compiler/base/strbuf.h"

enum option_kind {
    OPTION_FLAG,     // true or false
    OPTION_NUMBER,   // a finite number
    OPTION_COUNT,    // a positive integer
    OPTION_TEXT,     // as it stands
    OPTION_NAME,     // text that can be a file's name
    OPTION_NAMES,    // a list of names
    OPTION_CHOICE,   // one of the listed values
    OPTION_CHOICES,  // some of them
    OPTION_FILE,     // a file that is read
    OPTION_FILES,    // a list of them
    OPTION_PREFIX,   // files that are read, by the beginning of their names
    OPTION_FOLDER,   // a folder that is read
    OPTION_FOLDERS,  // a list of them
    OPTION_OUTPUT,   // a folder that is written
    OPTION_STEPS,    // a file that is written, may be left out ("-": standard output)
    OPTION_SHAPES,   // [1,3,8,8],[2,4]
    OPTION_INPUTS,   // 0:name[1 2]{f32}->value, ...
    OPTION_CHANNELS, // data[1,2,3],info[4] or [1,2,3],[4]
    OPTION_OFFSETS,  // (x,y)
    OPTION_FREEZE,   // name->value, ...
    OPTION_LAYOUTS,  // NHWC->NCHW or name(NHWC), ...
    OPTION_REGEXES,  // a list of regular expressions
};

enum option_role {
    OPTION_CONVERTS, // changes the IR: part of the hash and of the IR's own record
    OPTION_SOURCE,   // where the model is, in which form and under which name: the same model gives
                     // the same IR from each, so the IR does not record it
    OPTION_RUNS,     // changes what is printed and where files go, never a byte of the IR
    OPTION_ALIAS,    // another way to say another option
    OPTION_IGNORED,  // taken with a warning
    OPTION_REFUSED,  // refused with a reason
};

enum option_group {
    OPTION_COMMON,
    OPTION_CAFFE,
    OPTION_TF,
    OPTION_MXNET,
    OPTION_KALDI,
    OPTION_OURS,
    OPTION_GROUP_COUNT
};

enum option_id {
#define OPTION(name, letters, kind, role, group, fallback, extra, help) OPT_##name,
#include "compiler/options/options.def"
#undef OPTION
    OPTION_COUNT_OF_IDS
};

struct option_def {
    const char *name;    // without the dashes
    const char *letters; // short spellings without the dash, parted by blanks
    enum option_kind kind;
    enum option_role role;
    enum option_group group;
    const char *fallback; // NULL: none
    const char *extra;    // choices, what an alias means, or the reason (options.def)
    const char *help;
};

extern const struct option_def option_table[OPTION_COUNT_OF_IDS];

// By the exact long name, or NULL.
const struct option_def *option_find(const char *name);
// The nearest long name to a mistyped one, or NULL.
const char *option_suggest(const char *wrong);
static inline enum option_id option_id_of(const struct option_def *def) {
    return (enum option_id)(def - option_table);
}
// The value names something that is read: its contents belong to the inputs of the conversion.
bool option_reads_path(const struct option_def *def);
// The option has a say in the IR's bytes: it belongs to the key of a conversion.
static inline bool option_makes_ir(const struct option_def *def) {
    return def->role == OPTION_CONVERTS || def->role == OPTION_SOURCE;
}
// The framework's name for --framework ("caffe") that the group serves, or NULL.
const char *option_group_framework(enum option_group group);

struct option_values {
    const char *text[OPTION_COUNT_OF_IDS]; // normal form, NULL = not given
};

// Sets one option; NULL text means the bare flag. An alias sets what it stands for. False after a
// report at `at` (which may be NULL); an option without effect is a warning.
bool option_set(struct arena *arena, struct diag *diag, const struct place *at,
                struct option_values *values, const struct option_def *def, const char *text);
// The normal form of a value of `def`, or NULL after a report.
const char *option_normalize(struct arena *arena, struct diag *diag, const struct place *at,
                             const struct option_def *def, const char *text);
// Contradictions between options. False after a report.
bool options_check(struct arena *arena, struct diag *diag, const struct place *at,
                   const struct option_values *values);

// The given text or the fallback; NULL when there is neither.
const char *option_text(const struct option_values *values, enum option_id id);
bool option_flag(const struct option_values *values, enum option_id id);

// "name=value" lines of every option that changes the IR and differs from its fallback, in the
// order of the table: the text to hash. Paths are left out: their contents count, not their names.
void options_hash_text(const struct option_values *values, struct strbuf *out);

// Reads a command line: names may be shortened as long as one option fits, values follow as
// `name value` or `name=value`. At most one word that is no option is taken as the model. False
// after a report.
bool options_read(struct arena *arena, struct diag *diag, int argc, char *const *argv,
                  struct option_values *values);

#endif
