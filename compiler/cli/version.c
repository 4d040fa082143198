// SPDX-License-Identifier: Apache-2.0
// zooc version: the build id, derived from the sources alone.
#include "build_id.h"
#include "compiler/base/fatal.h"
#include "compiler/cli/cli.h"

const char *cli_version(void) {
    return "zooc " ZOOC_BUILD_ID;
}

int command_version(int argc, char **argv) {
    (void)argv;
    if (argc > 1) {
        puts("usage: zooc version\n\nPrints the version: two builds with the same one write the "
             "same bytes.");
        return EXIT_DONE;
    }
    puts(cli_version());
    return EXIT_DONE;
}
