// SPDX-License-Identifier: Apache-2.0
// zooc report: zoo.json of a build folder.
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/batch/report.h"
#include "compiler/cli/cli.h"

int command_report(int argc, char **argv) {
    bool right = argc == 3 && (strcmp(argv[1], "-o") == 0 || strcmp(argv[1], "--output_dir") == 0);
    if (!right) {
        bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
        fputs("usage: zooc report -o DIR\n\nWrites DIR/zoo.json: what was built from what.\n",
              help ? stdout : stderr);
        return help ? EXIT_DONE : EXIT_USAGE;
    }
    struct arena *arena = arena_new();
    struct diag *diag = diag_new(arena);
    report_write(arena, argv[2], diag);
    int code = diag_exit_code(diag);
    cli_print_diag(diag, NULL);
    arena_free(arena);
    return code;
}
