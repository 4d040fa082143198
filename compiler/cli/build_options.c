// SPDX-License-Identifier: Apache-2.0
#include "compiler/cli/build_options.h"

#include <getopt.h>

#include "compiler/cli/cache_options.h"

static const struct option long_options[] = {
    {"output_dir", required_argument, NULL, 'o'},
    {"jobs", required_argument, NULL, 'j'},
    {"memory", required_argument, NULL, 'm'},
    {"program", required_argument, NULL, 'p'},
    {"no_verify", no_argument, NULL, 'n'},
    {"cache_dir", required_argument, NULL, 'C'},
    {"cache_mode", required_argument, NULL, 'A'},
    {"cache_size", required_argument, NULL, 'S'},
    {"cache_url", required_argument, NULL, 'U'},
    {"junit", required_argument, NULL, 'J'},
    {"markdown", required_argument, NULL, 'M'},
    {"offline", no_argument, NULL, 'O'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void take_option(struct build_request *out, int option, char *word, struct diag *diag,
                        bool *help) {
    switch (option) {
    case 'o':
        out->gen.folder = optarg;
        break;
    case 'j':
        out->jobs = (unsigned)cli_number(diag, "-j", optarg, 1, 10000);
        break;
    case 'm':
        out->gen.memory = cli_size(diag, "--memory", optarg);
        break;
    case 'p':
        out->gen.program = optarg;
        break;
    case 'C':
        out->cache.folder = optarg;
        break;
    case 'A':
        out->cache.mode = optarg;
        break;
    case 'S':
        out->cache.size = optarg;
        break;
    case 'U':
        out->cache.url = optarg;
        break;
    case 'J':
        out->junit = optarg;
        break;
    case 'M':
        out->markdown = optarg;
        break;
    case 'n':
        out->gen.no_verify = true;
        break;
    case 'O':
        out->offline = true;
        break;
    case 'h':
        *help = true;
        break;
    case ':':
        diag_report(diag, NULL, OPTION_NO_VALUE, word);
        break;
    default:
        diag_report(diag, NULL, OPTION_UNKNOWN, word);
        break;
    }
}

bool build_options(int argc, char **argv, struct build_request *out, struct diag *diag,
                   bool *help) {
    int option;
    opterr = 0;
    optind = 0; // the scanner keeps its state: start it anew
    *help = argc < 2;
    while ((option = getopt_long(argc, argv, ":o:j:h", long_options, NULL)) != -1)
        take_option(out, option, argv[optind > 1 ? optind - 1 : 1], diag, help);
    if (*help)
        return false;
    out->gen.manifests = (const char *const *)(argv + optind);
    out->gen.manifest_count = (uint32_t)(argc - optind);
    if (optind == argc)
        diag_report(diag, NULL, OPTION_MISSING, "MANIFEST");
    if (out->gen.folder == NULL)
        diag_report(diag, NULL, OPTION_MISSING, "-o");
    return diag_count(diag, DIAG_FAILED) == 0;
}
