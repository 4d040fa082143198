// SPDX-License-Identifier: Apache-2.0
// zooc fetch: what manifests name, into the cache.
#include <getopt.h>
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/batch/artifacts.h"
#include "compiler/batch/progress.h"
#include "compiler/batch/tally.h"
#include "compiler/cli/cache_options.h"
#include "compiler/cli/cli.h"

static const char usage[] =
    "usage: zooc fetch MANIFEST... [--offline] [-j N] [options]\n"
    "\n"
    "Brings every file that the manifests give an address for into the cache, where zooc build\n"
    "finds it. Transfers that broke off go on where they ended. The exit code is 1 when a file is\n"
    "missing then.\n"
    "\n"
    "      --offline           open no socket: tell what is missing (file: addresses are taken)\n"
    "  -j, --jobs N            files at a time; 4 when not given\n"
    "      --retries N         of an address that brings nothing more; 5 when not given\n"
    "      --retry_pause MS    before the first retry, then doubled; 1000 when not given\n"
    "      --timeout SECONDS   without a byte, then the transfer counts as broken off; 30\n"
    "      --max_size SIZE     of a file whose size the manifest does not tell; 64G\n"
    "      --cache_dir DIR     the cache; $ZOOC_CACHE, or zooc in the user's cache folder\n";

enum { OFFLINE = 256, RETRIES, PAUSE, TIMEOUT, MAX_SIZE, CACHE_DIR };

struct fetch_command {
    struct arena *arena;
    struct diag *diag;
    struct fetch_request request;
    const char *cache_dir;
    const char *const *manifests;
    uint32_t manifest_count;
    bool help;
    // At work:
    struct artifacts artifacts;
    struct progress progress;
    uint32_t ended, brought;
    uint64_t bytes;
};

// ---- The command line ----

static void take_option(struct fetch_command *c, int option, const char *word) {
    struct fetch_request *request = &c->request;
    switch (option) {
    case OFFLINE:
        request->offline = true;
        break;
    case 'j':
        request->jobs = (unsigned)cli_number(c->diag, "-j", optarg, 1, 64);
        break;
    case RETRIES:
        request->retries = (unsigned)cli_number(c->diag, "--retries", optarg, 0, 100);
        break;
    case PAUSE:
        request->pause = (unsigned)cli_number(c->diag, "--retry_pause", optarg, 1, 600000);
        break;
    case TIMEOUT:
        request->patience = (unsigned)cli_number(c->diag, "--timeout", optarg, 1, 3600);
        break;
    case MAX_SIZE:
        request->most_bytes = cli_size(c->diag, "--max_size", optarg);
        break;
    case CACHE_DIR:
        c->cache_dir = optarg;
        break;
    case 'h':
        c->help = true;
        break;
    case ':':
        diag_report(c->diag, NULL, OPTION_NO_VALUE, word);
        break;
    default:
        diag_report(c->diag, NULL, OPTION_UNKNOWN, word);
        break;
    }
}

static bool parse(int argc, char **argv, struct fetch_command *c) {
    static const struct option options[] = {{"offline", no_argument, NULL, OFFLINE},
                                            {"jobs", required_argument, NULL, 'j'},
                                            {"retries", required_argument, NULL, RETRIES},
                                            {"retry_pause", required_argument, NULL, PAUSE},
                                            {"timeout", required_argument, NULL, TIMEOUT},
                                            {"max_size", required_argument, NULL, MAX_SIZE},
                                            {"cache_dir", required_argument, NULL, CACHE_DIR},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option;
    opterr = optind = 0;
    fetch_defaults(&c->request);
    c->help = argc < 2;
    while ((option = getopt_long(argc, argv, ":j:h", options, NULL)) != -1)
        take_option(c, option, argv[optind > 1 ? optind - 1 : 1]);
    c->manifests = (const char *const *)(argv + optind);
    c->manifest_count = (uint32_t)(argc - optind);
    if (c->manifest_count == 0 && !c->help)
        diag_report(c->diag, NULL, OPTION_MISSING, "MANIFEST");
    return !c->help && diag_count(c->diag, DIAG_FAILED) == 0;
}

// ---- What the user sees ----

static const char *name_of(const struct fetch_command *c, const struct fetch_item *item) {
    return c->artifacts.names[item - c->artifacts.items];
}

static const char *amount(struct fetch_command *c, const struct fetch_item *item) {
    const char *now = tally_size(c->arena, item->bytes);
    return item->size == 0 || item->bytes == item->size
               ? now
               : arena_printf(c->arena, "%s of %s", now, tally_size(c->arena, item->size));
}

// Through the lines of a build: the same on a terminal, in a pipe and in CI.
static void show(struct fetch_command *c, const struct fetch_item *item, const char *word,
                 const char *more) {
    progress_line(&c->progress,
                  arena_printf(c->arena, "@%u/%u %s %s%s%s", c->ended, c->artifacts.count, word,
                               name_of(c, item), more[0] == '\0' ? "" : ": ", more));
}

static void on_event(void *context, enum fetch_event event, const struct fetch_item *item,
                     const char *text) {
    struct fetch_command *c = context;
    switch (event) {
    case FETCH_STARTS:
    case FETCH_GROWS:
        if (c->progress.terminal)
            show(c, item, "fetch", amount(c, item));
        break;
    case FETCH_PAUSES:
        progress_line(&c->progress,
                      arena_printf(c->arena, "%s: %s; it is tried again", name_of(c, item), text));
        break;
    case FETCH_ENDS:
        c->ended++;
        if (item->state != FETCH_BROUGHT)
            break;
        c->brought++;
        c->bytes += item->bytes;
        show(c, item, "fetched", amount(c, item));
        break;
    }
}

static void report_items(struct fetch_command *c, uint32_t counts[FETCH_FAILED + 1]) {
    for (uint32_t i = 0; i < c->artifacts.count; i++) {
        const struct fetch_item *item = &c->artifacts.items[i];
        const char *url = fetch_shown_url(c->arena, item->urls[0]);
        counts[item->state]++;
        if (item->state == FETCH_MISSING)
            diag_report(c->diag, NULL, FETCH_MISSES, url);
        if (item->state == FETCH_FAILED)
            diag_report(c->diag, NULL, FETCH_FAILS, url, item->cause);
    }
}

static void fetch(struct fetch_command *c) {
    uint32_t counts[FETCH_FAILED + 1] = {0};
    struct zoo *zoo = zoo_read(c->arena, c->manifests, c->manifest_count, c->diag);
    if (zoo == NULL || (c->request.store = cli_open_store(c->arena, c->diag, c->cache_dir)) == NULL)
        return;
    artifacts_of(c->arena, zoo, &c->artifacts);
    c->request.items = c->artifacts.items;
    c->request.count = c->artifacts.count;
    c->request.tell = on_event;
    c->request.context = c;
    progress_start(&c->progress, stdout);
    fetch_all(c->arena, &c->request);
    progress_end(&c->progress);
    report_items(c, counts);
    printf("%u file%s: %u fetched (%s), %u in the cache already, %u missing, %u failed\n",
           c->artifacts.count, c->artifacts.count == 1 ? "" : "s", c->brought,
           tally_size(c->arena, c->bytes), counts[FETCH_PRESENT], counts[FETCH_MISSING],
           counts[FETCH_FAILED]);
}

int command_fetch(int argc, char **argv) {
    struct fetch_command c = {.arena = arena_new()};
    c.diag = diag_new(c.arena);
    if (parse(argc, argv, &c))
        fetch(&c);
    else if (c.help)
        fputs(usage, stdout);
    int code = cli_exit_code(c.diag);
    cli_print_diag(c.diag, NULL);
    arena_free(c.arena);
    return code;
}
