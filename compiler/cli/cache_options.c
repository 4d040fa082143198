// SPDX-License-Identifier: Apache-2.0
#include "compiler/cli/cache_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/batch/settings.h"

struct store *cli_open_store(struct arena *arena, struct diag *diag, const char *cache_dir) {
    const char *folder = store_folder(arena, cache_dir);
    const char *why = "there is none of ZOOC_CACHE, XDG_CACHE_HOME and HOME";
    struct store *store = NULL;
    if (folder != NULL) {
        store = store_open(arena, folder, false);
        why = strerror(errno);
    }
    if (store == NULL)
        diag_report(diag, NULL, CACHE_OPEN, folder == NULL ? "" : folder, why);
    return store;
}

uint64_t cli_number(struct diag *diag, const char *option, const char *text, uint64_t least,
                    uint64_t most) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    bool digits = text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
    if (digits && value >= least && value <= most)
        return value;
    struct arena *arena = arena_new();
    diag_report(diag, NULL, OPTION_VALUE, option, text,
                arena_printf(arena, "it is a number from %llu to %llu", (unsigned long long)least,
                             (unsigned long long)most));
    arena_free(arena);
    return 0;
}

uint64_t cli_size(struct diag *diag, const char *option, const char *text) {
    uint64_t size = 0;
    if (!read_size(text, &size))
        diag_report(diag, NULL, OPTION_VALUE, option, text, "write a size such as 512M or 4G");
    return size;
}
