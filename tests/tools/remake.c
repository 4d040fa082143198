// SPDX-License-Identifier: Apache-2.0
// remake CASE.tar.xz DIR: writes the whole test case, weights included, into a new folder.
#include <errno.h>
#include <sys/stat.h>

#include "tests/tools/parts/recipe.h"

int main(int argc, char **argv) {
    struct recipe recipe;
    if (argc != 3) {
        fprintf(stderr, "usage: remake CASE.tar.xz DIR\n");
        return 2;
    }
    struct arena *arena = arena_new();
    const char *wrong = recipe_read(arena, argv[1], &recipe);
    if (wrong == NULL && mkdir(argv[2], 0777) != 0 && errno != EEXIST)
        wrong = strerror(errno);
    if (wrong == NULL)
        wrong = recipe_remake(&recipe, argv[2]);
    if (wrong != NULL)
        fprintf(stderr, "remake: %s\n", wrong);
    arena_free(arena);
    return wrong != NULL;
}
