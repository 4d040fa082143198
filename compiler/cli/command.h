// SPDX-License-Identifier: Apache-2.0
// The sub-commands of zooc: one file each, one row each in commands.def.
#ifndef ZOOC_COMMAND_H
#define ZOOC_COMMAND_H

// argv[0] is the sub-command's name. Returns an exit code (compiler/base/fatal.h).
typedef int command_function(int argc, char **argv);

#define COMMAND(name, function, arguments, summary) command_function function;
#include "compiler/cli/commands.def"
#undef COMMAND

#endif
