// SPDX-License-Identifier: Apache-2.0
// What the sub-commands share.
#ifndef ZOOC_CLI_H
#define ZOOC_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "compiler/base/diag.h"
#include "compiler/cli/command.h"
#include "compiler/options/options.h"

struct command {
    const char *name;
    command_function *run;
    const char *arguments, *summary;
};

extern const struct command command_table[];
extern const size_t command_count;
const struct command *command_find(const char *name);
// The command of nearly that name, or NULL.
const char *command_nearest(const char *name);

// "zooc BUILD_ID", the same for every build of the same sources.
const char *cli_version(void);

// Prints what was reported, at --log_level, in the form that the stream and --json ask for.
void cli_print_diag(struct diag *diag, const struct option_values *options);

// Exit code after what was reported: EXIT_USAGE when the command line is at fault.
int cli_exit_code(const struct diag *diag);

// The list of commands; all conversion options, for the program name that was used.
void help_commands(FILE *to);
void help_options(FILE *to, const char *program);
// `text` wrapped to the width of a terminal line, each line after `indent` blanks; the first line
// is already filled up to column `at`.
void help_wrapped(FILE *to, size_t at, size_t indent, const char *text);

// The Model Optimizer's "Model Optimizer arguments:" block.
struct conversion;
void arguments_print(const struct conversion *c, FILE *to);
// A path as that block shows it: absolute.
const char *arguments_path(struct arena *arena, const char *path);

#endif
