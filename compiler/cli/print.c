// SPDX-License-Identifier: Apache-2.0
// The one place where messages reach the user.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/base/fatal.h"
#include "compiler/cli/cli.h"

// --log_level in diag's grades; the Model Optimizer's levels above and below are one of them.
static enum diag_grade least_grade(const struct option_values *options) {
    static const struct {
        const char *level;
        enum diag_grade grade;
    } levels[] = {{"CRITICAL", DIAG_FATAL},
                  {"ERROR", DIAG_FAILED},
                  {"WARNING", DIAG_WARNING},
                  {"INFO", DIAG_NOTE},
                  {"DEBUG", DIAG_NOTE}};
    if (options == NULL)
        return DIAG_WARNING;
    bool silent = option_flag(options, OPT_silent) && options->text[OPT_log_level] == NULL;
    const char *level = option_text(options, OPT_log_level);
    for (size_t i = 0; !silent && i < sizeof(levels) / sizeof(levels[0]); i++)
        if (strcmp(levels[i].level, level) == 0)
            return levels[i].grade;
    return DIAG_FAILED;
}

void cli_print_diag(struct diag *diag, const struct option_values *options) {
    enum diag_style style = DIAG_PLAIN;
    if (options != NULL && option_flag(options, OPT_json))
        style = DIAG_JSON;
    else if (isatty(STDERR_FILENO) && getenv("NO_COLOR") == NULL)
        style = DIAG_COLOR;
    fflush(stdout);
    diag_print(diag, stderr, style, least_grade(options));
}

// Numbers of messages about the command line (diag.def).
enum { FIRST_USAGE = 1100, LAST_USAGE = 1199 };

int cli_exit_code(const struct diag *diag) {
    int code = diag_exit_code(diag);
    for (unsigned id = 0; code == EXIT_INPUT && id < DIAG_ID_COUNT; id++) {
        const struct diag_entry *entry = diag_entry((enum diag_id)id);
        if (entry->number >= FIRST_USAGE && entry->number <= LAST_USAGE &&
            entry->grade >= DIAG_FAILED && diag_has(diag, (enum diag_id)id))
            return EXIT_USAGE;
    }
    return code;
}
