// SPDX-License-Identifier: Apache-2.0
#include "compiler/batch/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache/remote.h"
#include "cache/store.h"

static const char *const modes[CACHE_MODE_COUNT] = {"write", "read", "off"};

static enum cache_mode mode_of(const char *name) {
    unsigned mode = 0;
    while (mode < CACHE_MODE_COUNT && strcmp(modes[mode], name) != 0)
        mode++;
    return (enum cache_mode)mode;
}

bool read_size(const char *text, uint64_t *size) {
    static const char units[] = "KMGT";
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    const char *unit = *end == '\0' ? NULL : strchr(units, *end);
    unsigned shift = unit == NULL ? 0 : (unsigned)(unit - units + 1) * 10;
    bool whole =
        text[0] >= '0' && text[0] <= '9' && (*end == '\0' || (unit != NULL && end[1] == '\0'));
    if (!whole || errno != 0 || value == 0 || value > UINT64_MAX >> shift)
        return false;
    *size = (uint64_t)value << shift;
    return true;
}

// ---- Words to values ----

static bool is_mode(const char *text) {
    return mode_of(text) != CACHE_MODE_COUNT;
}

static bool is_size(const char *text) {
    uint64_t size;
    return read_size(text, &size);
}

static bool is_folder(const char *text) {
    return text[0] != '\0';
}

static const struct {
    const char *option, *variable;
    bool (*is_right)(const char *text);
    const char *what;
} table[] = {
    {"--cache_dir", "ZOOC_CACHE", is_folder, "name a folder"},
    {"--cache_mode", "ZOOC_CACHE_MODE", is_mode, "it is write, read or off"},
    {"--cache_size", "ZOOC_CACHE_SIZE", is_size, "write a size such as 512M or 4G"},
    {"--cache_url", "ZOOC_CACHE_URL", remote_is_address, "it starts with http:// or https://"},
};

enum { FOLDER, MODE, SIZE, URL, SETTING_COUNT };

// An empty variable is none.
static const char *variable(size_t setting) {
    const char *text = getenv(table[setting].variable);
    return text == NULL || text[0] == '\0' ? NULL : text;
}

// Steps run in another folder.
static const char *from_root(struct arena *arena, const char *path) {
    char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);
    const char *whole = here == NULL ? path : arena_printf(arena, "%s/%s", here, path);
    free(here);
    return whole;
}

bool cache_set_environment(struct arena *arena, const struct cache_settings *given,
                           struct diag *diag) {
    const char *words[SETTING_COUNT] = {given->folder, given->mode, given->size, given->url};
    bool right = true;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        bool option = words[i] != NULL;
        const char *text = option ? words[i] : variable(i);
        if (text != NULL && !table[i].is_right(text)) {
            diag_report(diag, NULL, OPTION_VALUE, option ? table[i].option : table[i].variable,
                        text, table[i].what);
            right = false;
        } else if (text != NULL) {
            setenv(table[i].variable, i == FOLDER ? from_root(arena, text) : text, 1);
        }
    }
    return right;
}

struct cache_environment cache_environment(struct arena *arena) {
    struct cache_environment found = {.mode = CACHE_WRITE, .size = CACHE_DEFAULT_SIZE};
    const char *mode = variable(MODE), *size = variable(SIZE), *url = variable(URL);
    found.folder = store_folder(arena, variable(FOLDER));
    if (mode != NULL && is_mode(mode))
        found.mode = mode_of(mode);
    if (size != NULL)
        (void)read_size(size, &found.size);
    if (url != NULL && remote_is_address(url))
        found.url = url;
    return found;
}

void cache_forget_faults(struct arena *arena, const char *folder) {
    static const char *const directions[] = {"reading", "writing"};
    for (size_t i = 0; i < sizeof directions / sizeof directions[0]; i++)
        unlink(arena_printf(arena, "%s/%s-%s", folder, CACHE_FAULT_MARK, directions[i]));
}

void cache_shrink(struct arena *arena) {
    struct cache_environment environment = cache_environment(arena);
    struct store_swept swept;
    if (environment.mode != CACHE_WRITE || environment.folder == NULL)
        return;
    struct store *store = store_open(arena, environment.folder, false);
    if (store != NULL)
        store_collect(store, STORE_MADE, environment.size, &swept);
}
