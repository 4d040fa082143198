// SPDX-License-Identifier: Apache-2.0
// zooc cache: what lies in the cache, and bringing it elsewhere.
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "cache/carry.h"
#include "compiler/base/fatal.h"
#include "compiler/base/suggest.h"
#include "compiler/batch/artifacts.h"
#include "compiler/batch/explain.h"
#include "compiler/batch/settings.h"
#include "compiler/batch/tally.h"
#include "compiler/cli/cache_options.h"
#include "compiler/cli/cli.h"

struct cache_command {
    struct arena *arena;
    struct diag *diag;
    struct store *store;
    const char *const *words; // what stands behind the options
    uint32_t count;
    const char *output;
    uint64_t max_size;
};

typedef void cache_function(struct cache_command *c);
static cache_function add, explain, export, import, stat_cache, verify, gc;

static const struct {
    const char *name;
    cache_function *run;
    uint32_t least, most; // words
    const char *arguments, *summary;
} table[] = {
    {"add", add, 1, UINT32_MAX, "FILE...", "put files that were got in another way into it"},
    {"explain", explain, 0, UINT32_MAX, "[MODEL...] -o DIR",
     "tell which input or option makes the next build in DIR run a step of a model"},
    {"export", export, 1, UINT32_MAX, "MANIFEST... -o FILE",
     "write all that the manifests need into one tar.zst, for a machine without a network"},
    {"gc", gc, 0, 0, "--max_size SIZE",
     "remove what was not used for the longest time, and what was left unfinished"},
    {"import", import, 1, 1, "FILE", "take in what export wrote; everything is hashed again"},
    {"stat", stat_cache, 0, 0, "", "tell how much lies in it"},
    {"verify", verify, 0, 0, "", "hash all of it and remove what is damaged"},
};

enum { TABLE_SIZE = sizeof table / sizeof table[0] };

static void print_usage(FILE *to) {
    fputs("usage: zooc cache COMMAND ... [--cache_dir DIR]\n\n"
          "The cache keeps what was fetched and converted. It is $ZOOC_CACHE, or zooc in the "
          "user's\n"
          "cache folder, and may be shared by many processes and machines.\n\ncommands:\n",
          to);
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        size_t at = (size_t)fprintf(to, "  %s %s", table[i].name, table[i].arguments);
        help_wrapped(to, at, 30, table[i].summary);
    }
}

// ---- The commands ----

// Known by its SHA-384 too: nobody can tell by which a manifest will ask.
static void add_one(struct cache_command *c, const char *path) {
    char key[STORE_KEY_SIZE], sha384[SHA384_TEXT_SIZE];
    uint64_t size;
    if (!digest_file(DIGEST_SHA384, path, sha384) ||
        !store_put_file(c->store, path, STORE_COPY, key, &size) ||
        !fetch_name_by_sha384(c->arena, c->store, key, sha384)) {
        diag_report(c->diag, NULL, FILE_OPEN, path, strerror(errno));
        return;
    }
    fetch_mark(c->store, key);
    printf("%s  %s\n", key, path);
}

static void add(struct cache_command *c) {
    for (uint32_t i = 0; i < c->count; i++)
        add_one(c, c->words[i]);
}

static void explain(struct cache_command *c) {
    if (c->output == NULL)
        diag_report(c->diag, NULL, OPTION_MISSING, "-o");
    else
        explain_models(c->arena, c->output, c->words, c->count, stdout, c->diag);
}

static void export(struct cache_command *c) {
    struct artifacts artifacts;
    struct zoo *zoo = zoo_read(c->arena, c->words, c->count, c->diag);
    if (c->output == NULL)
        diag_report(c->diag, NULL, OPTION_MISSING, "-o");
    if (zoo == NULL || c->output == NULL)
        return;
    artifacts_of(c->arena, zoo, &artifacts);
    struct carry_object *objects = arena_array_of(c->arena, artifacts.count, struct carry_object);
    for (uint32_t i = 0; i < artifacts.count; i++) {
        struct fetch_item *item = &artifacts.items[i];
        if (!fetch_find(c->arena, c->store, item))
            diag_report(c->diag, NULL, FETCH_MISSES, fetch_shown_url(c->arena, item->urls[0]));
        objects[i] = (struct carry_object){.key = item->key, .sha384 = item->sha384};
    }
    if (diag_count(c->diag, DIAG_FAILED) == 0 &&
        carry_out(c->arena, c->store, objects, artifacts.count, c->output, c->diag))
        printf("%u file%s in %s\n", artifacts.count, artifacts.count == 1 ? "" : "s", c->output);
}

static void import(struct cache_command *c) {
    struct carry_count count;
    if (carry_in(c->arena, c->store, c->words[0], &count, c->diag))
        printf("%u file%s (%s) taken in\n", count.objects, count.objects == 1 ? "" : "s",
               tally_size(c->arena, count.bytes));
}

static bool list(struct cache_command *c, struct store_list *out) {
    if (store_list(c->arena, c->store, out))
        return true;
    diag_report(c->diag, NULL, CACHE_OPEN, store_path(c->store), strerror(errno));
    return false;
}

static void print_room(struct cache_command *c, const char *room, uint32_t count, uint64_t bytes) {
    printf("%s: %u (%s)\n", room == NULL ? "objects" : arena_printf(c->arena, "notes %s", room),
           count, tally_size(c->arena, bytes));
}

static void print_fetched(struct cache_command *c, const struct store_list *all) {
    uint32_t count = 0;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < all->count && all->entries[i].room == NULL; i++) {
        if (!store_note_has(c->store, STORE_ROOM_FETCHED, all->entries[i].key))
            continue;
        count++;
        bytes += all->entries[i].size;
    }
    if (count > 0)
        printf("of the objects fetched: %u (%s)\n", count, tally_size(c->arena, bytes));
}

// Entries are sorted by room.
static void stat_cache(struct cache_command *c) {
    struct store_list all;
    if (!list(c, &all))
        return;
    printf("%s\n", store_path(c->store));
    for (uint32_t first = 0, next; first < all.count; first = next) {
        const char *room = all.entries[first].room;
        uint64_t bytes = 0;
        for (next = first; next < all.count; next++) {
            const char *other = all.entries[next].room;
            if ((room == NULL) != (other == NULL) || (room != NULL && strcmp(room, other) != 0))
                break;
            bytes += all.entries[next].size;
        }
        print_room(c, room, next - first, bytes);
    }
    print_fetched(c, &all);
    printf("all: %u (%s)\n", all.count, tally_size(c->arena, all.bytes));
}

static bool is_sound(struct cache_command *c, const struct store_entry *entry) {
    struct slice content;
    if (entry->room == NULL)
        return store_is_sound(c->store, entry->key);
    struct arena *arena = arena_new();
    bool sound = store_note_read(arena, c->store, entry->room, entry->key, &content);
    arena_free(arena);
    return sound;
}

static void verify(struct cache_command *c) {
    struct store_list all;
    uint32_t damaged = 0;
    if (!list(c, &all))
        return;
    for (uint32_t i = 0; i < all.count; i++) {
        const struct store_entry *entry = &all.entries[i];
        if (is_sound(c, entry))
            continue;
        damaged++;
        diag_report(c->diag, NULL, CACHE_DAMAGED, entry->room == NULL ? "object" : entry->room,
                    entry->key);
    }
    printf("%u looked at, %u damaged and removed\n", all.count, damaged);
}

static void gc(struct cache_command *c) {
    struct store_swept swept;
    if (c->max_size == UINT64_MAX) {
        diag_report(c->diag, NULL, OPTION_MISSING, "--max_size");
        return;
    }
    if (!store_collect(c->store, STORE_ALL, c->max_size, &swept)) {
        diag_report(c->diag, NULL, CACHE_OPEN, store_path(c->store), strerror(errno));
        return;
    }
    printf("%u removed (%s), ", swept.count, tally_size(c->arena, swept.bytes));
    printf("%s kept\n", tally_size(c->arena, swept.kept_bytes));
}

// ---- The command line ----

static size_t find_command(struct cache_command *c, const char *name) {
    const char *names[TABLE_SIZE];
    size_t i = 0;
    for (; i < TABLE_SIZE && strcmp(table[i].name, name) != 0; i++)
        names[i] = table[i].name;
    if (i < TABLE_SIZE)
        return i;
    const char *near = suggest(name, names, TABLE_SIZE), *hint = "";
    if (near != NULL)
        hint = arena_printf(c->arena, ", did you mean '%s'?", near);
    diag_report(c->diag, NULL, USAGE,
                arena_printf(c->arena, "zooc cache has no '%s'%s", name, hint));
    return i;
}

static void take_option(struct cache_command *c, int option, const char *word,
                        const char **cache_dir) {
    if (option == 'd')
        *cache_dir = optarg;
    else if (option == 'o')
        c->output = optarg;
    else if (option == 'm' && strcmp(optarg, "0") == 0)
        c->max_size = 0;
    else if (option == 'm')
        c->max_size = cli_size(c->diag, "--max_size", optarg);
    else if (option == ':')
        diag_report(c->diag, NULL, OPTION_NO_VALUE, word);
    else
        diag_report(c->diag, NULL, OPTION_UNKNOWN, word);
}

static void run(struct cache_command *c, int argc, char **argv) {
    static const struct option options[] = {{"cache_dir", required_argument, NULL, 'd'},
                                            {"output", required_argument, NULL, 'o'},
                                            {"max_size", required_argument, NULL, 'm'},
                                            {NULL, 0, NULL, 0}};
    const char *cache_dir = NULL;
    int option;
    size_t which = find_command(c, argv[0]);
    opterr = optind = 0;
    while (which < TABLE_SIZE && (option = getopt_long(argc, argv, ":o:", options, NULL)) != -1)
        take_option(c, option, argv[optind > 1 ? optind - 1 : 1], &cache_dir);
    c->words = (const char *const *)(argv + optind);
    c->count = (uint32_t)(argc - optind);
    if (which < TABLE_SIZE && (c->count < table[which].least || c->count > table[which].most))
        diag_report(c->diag, NULL, USAGE,
                    arena_printf(c->arena, "the use is: zooc cache %s%s%s", table[which].name,
                                 table[which].arguments[0] == '\0' ? "" : " ",
                                 table[which].arguments));
    if (diag_count(c->diag, DIAG_FAILED) > 0)
        return;
    // The steps that are explained find the cache in their environment.
    struct cache_settings settings = {.folder = cache_dir};
    bool explains = table[which].run == explain;
    if (explains && !cache_set_environment(c->arena, &settings, c->diag))
        return;
    if (!explains)
        c->store = cli_open_store(c->arena, c->diag, cache_dir);
    if (explains || c->store != NULL)
        table[which].run(c);
}

int command_cache(int argc, char **argv) {
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_usage(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_USAGE : EXIT_DONE;
    }
    struct cache_command c = {.arena = arena_new(), .max_size = UINT64_MAX};
    c.diag = diag_new(c.arena);
    run(&c, argc - 1, argv + 1);
    int code = cli_exit_code(c.diag);
    cli_print_diag(c.diag, NULL);
    arena_free(c.arena);
    return code;
}
