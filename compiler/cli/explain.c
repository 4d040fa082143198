// SPDX-License-Identifier: Apache-2.0
// zooc explain N: what the message with that number means and what to do.
#include <stdlib.h>
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/cli/cli.h"

static const char *const grade_names[] = {
    [DIAG_NOTE] = "note",
    [DIAG_WARNING] = "warning",
    [DIAG_FAILED] = "error, this model fails",
    [DIAG_FATAL] = "error, nothing more is read",
    [DIAG_BUG] = "fault of zooc itself",
};

// The text of a message with "..." where its particulars go.
static void without_particulars(const char *format, struct strbuf *out) {
    for (const char *c = format; *c != '\0'; c++) {
        if (*c != '%') {
            strbuf_putc(out, *c);
            continue;
        }
        c += 1 + strcspn(c + 1, "csdiufgxz%");
        strbuf_puts(out, *c == '%' ? "%" : "...");
    }
}

static void explain(const struct diag_entry *entry) {
    struct strbuf text = STRBUF_INIT;
    without_particulars(entry->format, &text);
    printf("%u  %s  (%s)\n", entry->number, entry->name, grade_names[entry->grade]);
    help_wrapped(stdout, 0, 4, text.data);
    strbuf_free(&text);
    help_wrapped(stdout, 0, 4, entry->remedy);
}

static const struct diag_entry *find_number(const char *text) {
    char *end = NULL;
    unsigned long number = strtoul(text + (*text == '#'), &end, 10);
    for (unsigned id = 0; *end == '\0' && id < DIAG_ID_COUNT; id++)
        if (diag_entry((enum diag_id)id)->number == number)
            return diag_entry((enum diag_id)id);
    return NULL;
}

static int usage(FILE *to, int code) {
    fputs(
        "usage: zooc explain N...\n\n"
        "Explains the messages with these numbers; all of them without a number. 1 to 97 are the\n"
        "numbered causes of the Model Optimizer's guide.\n",
        to);
    return code;
}

int command_explain(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return usage(stdout, EXIT_DONE);
    for (unsigned id = 0; argc == 1 && id < DIAG_ID_COUNT; id++)
        explain(diag_entry((enum diag_id)id));
    int code = EXIT_DONE;
    struct arena *arena = arena_new();
    struct diag *diag = diag_new(arena);
    for (int i = 1; i < argc; i++) {
        const struct diag_entry *entry = find_number(argv[i]);
        if (entry != NULL) {
            explain(entry);
            continue;
        }
        diag_report(diag, NULL, NO_SUCH_NUMBER, argv[i]);
        code = EXIT_USAGE;
    }
    cli_print_diag(diag, NULL);
    arena_free(arena);
    return code;
}
