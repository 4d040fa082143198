// SPDX-License-Identifier: Apache-2.0
#include "compiler/cli/build_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const struct option long_options[] = {
    {"output_dir", required_argument, NULL, 'o'},
    {"jobs", required_argument, NULL, 'j'},
    {"memory", required_argument, NULL, 'm'},
    {"program", required_argument, NULL, 'p'},
    {"no_verify", no_argument, NULL, 'n'},
    {"junit", required_argument, NULL, 'J'},
    {"markdown", required_argument, NULL, 'M'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

// 512M, 4G: a number of bytes.
static uint64_t take_size(struct diag *diag, const char *text) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    static const char units[] = "KMGT";
    const char *unit = *end == '\0' ? NULL : strchr(units, *end);
    unsigned shift = unit == NULL ? 0 : (unsigned)(unit - units + 1) * 10;
    bool whole = end != text && (*end == '\0' || (unit != NULL && end[1] == '\0'));
    if (!whole || errno != 0 || value == 0 || value > UINT64_MAX >> shift) {
        diag_report(diag, NULL, OPTION_VALUE, "--memory", text, "write a size such as 512M or 4G");
        return 0;
    }
    return (uint64_t)value << shift;
}

static unsigned take_jobs(struct diag *diag, const char *text) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || value == 0 || value > 10000)
        diag_report(diag, NULL, OPTION_VALUE, "-j", text, "it is a number from 1 to 10000");
    return (unsigned)value;
}

static void take_option(struct build_request *out, int option, char *word, struct diag *diag,
                        bool *help) {
    switch (option) {
    case 'o':
        out->gen.folder = optarg;
        break;
    case 'j':
        out->jobs = take_jobs(diag, optarg);
        break;
    case 'm':
        out->gen.memory = take_size(diag, optarg);
        break;
    case 'p':
        out->gen.program = optarg;
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
