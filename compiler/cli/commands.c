// SPDX-License-Identifier: Apache-2.0
// The table of sub-commands, and zooc help, which is made from it.
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/base/suggest.h"
#include "compiler/cli/cli.h"

const struct command command_table[] = {
#define COMMAND(name, function, arguments, summary) {name, function, arguments, summary},
#include "compiler/cli/commands.def"
#undef COMMAND
};
const size_t command_count = sizeof(command_table) / sizeof(command_table[0]);

const struct command *command_find(const char *name) {
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(command_table[i].name, name) == 0)
            return &command_table[i];
    return NULL;
}

const char *command_nearest(const char *name) {
    const char *names[sizeof(command_table) / sizeof(command_table[0])];
    for (size_t i = 0; i < command_count; i++)
        names[i] = command_table[i].name;
    return suggest(name, names, command_count);
}

void help_commands(FILE *to) {
    fputs(
        "usage: zooc COMMAND ...\n\n"
        "A batch model compiler: trained models of Caffe, MXNet and TensorFlow become OpenVINO's\n"
        "Intermediate Representation.\n\ncommands:\n",
        to);
    for (size_t i = 0; i < command_count; i++) {
        size_t at = (size_t)fprintf(to, "  %s", command_table[i].name);
        help_wrapped(to, at, 14, command_table[i].summary);
    }
    fputs("\nzooc COMMAND --help tells more about a command; zooc explain N about message N.\n",
          to);
}

int command_help(int argc, char **argv) {
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        help_commands(stdout);
        return EXIT_DONE;
    }
    const struct command *command = command_find(argv[1]);
    if (command == NULL || strcmp(argv[1], "help") == 0) {
        fprintf(stderr, "zooc: no help on '%s'\n", argv[1]);
        return EXIT_USAGE;
    }
    char help[] = "--help";
    char *arguments[] = {argv[1], help, NULL};
    return command->run(2, arguments);
}
