// SPDX-License-Identifier: Apache-2.0
// The table of sub-commands.
#include <string.h>

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
