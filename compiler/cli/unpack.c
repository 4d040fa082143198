// SPDX-License-Identifier: Apache-2.0
// zooc unpack: an archive to a folder, as careful as a build does it.
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "cache/unpack.h"
#include "compiler/base/fatal.h"
#include "compiler/cli/cli.h"

static const char usage[] =
    "usage: zooc unpack ARCHIVE -o DIR [--prefix FOLDER]\n"
    "\n"
    "Unpacks a tar (plain, gz, bz2, xz, zst), zip or 7z archive into DIR, which must be new or "
    "empty.\n"
    "Members that would lead out of DIR, devices, encrypted and doubled ones are refused.\n"
    "\n"
    "      --prefix FOLDER   only what lies below FOLDER in the archive, without FOLDER\n";

static bool parse(int argc, char **argv, struct unpack_request *request) {
    static const struct option options[] = {{"output_dir", required_argument, NULL, 'o'},
                                            {"prefix", required_argument, NULL, 'p'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option;
    optind = 0;
    while ((option = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
        if (option == 'o')
            request->destination = optarg;
        else if (option == 'p')
            request->prefix = optarg;
        else
            return false;
    }
    if (optind + 1 != argc || request->destination == NULL)
        return false;
    request->archive = request->said = argv[optind];
    return true;
}

int command_unpack(int argc, char **argv) {
    struct unpack_request request = {.archive = NULL};
    if (!parse(argc, argv, &request)) {
        bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
        fputs(usage, help ? stdout : stderr);
        return help ? EXIT_DONE : EXIT_USAGE;
    }
    struct arena *arena = arena_new();
    struct diag *diag = diag_new(arena);
    struct unpacked out;
    if (rmdir(request.destination) != 0 && errno != ENOENT)
        diag_report(diag, NULL, OUTPUT_WRITE, request.destination, strerror(errno));
    else if (unpack_archive(&request, arena, &out, diag))
        printf("%u files in %s\n", out.count, request.destination);
    int code = diag_exit_code(diag);
    cli_print_diag(diag, NULL);
    arena_free(arena);
    return code;
}
