// SPDX-License-Identifier: Apache-2.0
// zooc import omz: the Open Model Zoo's descriptions of models become a manifest.
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "cache/tree.h"
#include "compiler/base/fatal.h"
#include "compiler/base/outfile.h"
#include "compiler/cli/cli.h"
#include "frontends/frontend.h"
#include "manifests/omz.h"

static const char usage[] =
    "usage: zooc import omz DIR... [-o MANIFEST] [--standalone] [--service TYPE=ADDRESS]\n"
    "\n"
    "Reads every model.yml below the folders and writes a manifest: addresses, sizes and sums of "
    "the\n"
    "files, what is unpacked and replaced in them, and the Model Optimizer's arguments. A model "
    "that\n"
    "a manifest cannot describe is left out and told.\n"
    "\n"
    "  -o, --output MANIFEST   the manifest; standard output when not given\n"
    "      --service TYPE=ADDRESS   how addresses of sources of a type begin "
    "(google_drive=https://...);\n"
    "                          the file's id follows. May stand several times\n"
    "      --standalone        leave out models that need files of the folders themselves\n";

static const char *const frameworks[] = {
#define FRONTEND(name) #name,
#include "frontends/frontends.def"
#undef FRONTEND
    NULL};

struct import_command {
    struct arena *arena;
    struct diag *diag;
    struct omz_request request;
    const char *output;
    const char **services; // ended by NULL
    size_t service_count;
    bool help;
};

static bool parse(int argc, char **argv, struct import_command *c) {
    static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                            {"service", required_argument, NULL, 'S'},
                                            {"standalone", no_argument, NULL, 's'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option;
    c->services = arena_array_of(c->arena, (size_t)argc + 1, const char *);
    c->request.services = c->services;
    opterr = optind = 0;
    while ((option = getopt_long(argc, argv, ":o:h", options, NULL)) != -1) {
        const char *word = argv[optind > 1 ? optind - 1 : 1];
        if (option == 'o')
            c->output = optarg;
        else if (option == 'S' && strchr(optarg, '=') == NULL)
            diag_report(c->diag, NULL, OPTION_VALUE, "--service", optarg, "write TYPE=ADDRESS");
        else if (option == 'S')
            c->services[c->service_count++] = optarg;
        else if (option == 's')
            c->request.standalone = true;
        else if (option == 'h')
            c->help = true;
        else if (option == ':')
            diag_report(c->diag, NULL, OPTION_NO_VALUE, word);
        else
            diag_report(c->diag, NULL, OPTION_UNKNOWN, word);
    }
    c->help = c->help || argc < 2;
    if (c->help)
        return false;
    if (optind == argc || strcmp(argv[optind], "omz") != 0)
        diag_report(c->diag, NULL, USAGE, "the use is: zooc import omz DIR...");
    else if (optind + 1 == argc)
        diag_report(c->diag, NULL, OPTION_MISSING, "DIR");
    c->request.folders = (const char *const *)(argv + optind + 1);
    c->request.folder_count = (uint32_t)(argc - optind - 1);
    c->request.frameworks = frameworks;
    return diag_count(c->diag, DIAG_FAILED) == 0;
}

static void import(struct import_command *c) {
    struct strbuf text = STRBUF_INIT;
    struct omz_count count;
    const char *slash = c->output == NULL ? NULL : strrchr(c->output, '/');
    c->request.manifest_folder = "";
    if (slash != NULL)
        c->request.manifest_folder =
            arena_strndup(c->arena, c->output, (size_t)(slash - c->output) + 1);
    // It must be there for paths to lead out of it.
    if (slash != NULL && !tree_make_folders(c->request.manifest_folder)) {
        diag_report(c->diag, NULL, OUTPUT_WRITE, c->output, strerror(errno));
        return;
    }
    omz_import(c->arena, &c->request, &text, &count, c->diag);
    if (c->output == NULL)
        fputs(text.data, stdout);
    else if (!outfile_replace(c->output, text.data, text.length, NULL))
        diag_report(c->diag, NULL, OUTPUT_WRITE, c->output, strerror(errno));
    else
        printf("%u model%s in %s, %u left out\n", count.models, count.models == 1 ? "" : "s",
               c->output, count.left_out);
    strbuf_free(&text);
}

int command_import(int argc, char **argv) {
    struct import_command c = {.arena = arena_new()};
    c.diag = diag_new(c.arena);
    if (parse(argc, argv, &c))
        import(&c);
    else if (c.help)
        fputs(usage, argc < 2 ? stderr : stdout);
    int code = argc < 2 ? EXIT_USAGE : cli_exit_code(c.diag);
    cli_print_diag(c.diag, NULL);
    arena_free(c.arena);
    return code;
}
