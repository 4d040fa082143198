// SPDX-License-Identifier: Apache-2.0
// zooc COMMAND ...; called as `mo` or mo_*.py, it is `zooc convert`.
#include <stdio.h>
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/cli/cli.h"

static int unknown_command(const char *name) {
    fprintf(stderr, "zooc: unknown command '%s'", name);
    const char *near = command_nearest(name);
    if (near != NULL)
        fprintf(stderr, ", did you mean '%s'?", near);
    fputs("\nzooc help lists the commands.\n", stderr);
    return EXIT_USAGE;
}

// "mo", "mo.py", "mo_caffe.py" and their like are the Model Optimizer's own names.
static bool called_as_model_optimizer(const char *program) {
    const char *slash = strrchr(program, '/');
    const char *base = slash != NULL ? slash + 1 : program;
    return strcmp(base, "mo") == 0 || strcmp(base, "mo.py") == 0 || strncmp(base, "mo_", 3) == 0;
}

// Long and short spellings of two commands that everybody tries first.
static const char *plain_name(const char *word) {
    static const char *const spellings[][2] = {
        {"--help", "help"}, {"-h", "help"}, {"--version", "version"}, {"-V", "version"}};
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
        if (strcmp(word, spellings[i][0]) == 0)
            return spellings[i][1];
    return word;
}

static int finish(int code) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    if (code == EXIT_DONE) {
        perror("zooc: standard output");
        code = EXIT_INPUT;
    }
    return code;
}

int main(int argc, char **argv) {
    if (argc > 0 && called_as_model_optimizer(argv[0]))
        return finish(command_convert(argc, argv));
    if (argc < 2) {
        help_commands(stderr);
        return EXIT_USAGE;
    }
    const struct command *command = command_find(plain_name(argv[1]));
    if (command == NULL)
        return unknown_command(argv[1]);
    return finish(command->run(argc - 1, argv + 1));
}
