// SPDX-License-Identifier: Apache-2.0
// remake CASE.tar.xz DIR             writes the whole test case, weights included, into a folder
// remake --options CASE.tar.xz DIR   prints the options that convert it there, one a line
#include <errno.h>
#include <sys/stat.h>

#include "tests/tools/parts/recipe.h"

static void print_options(struct recipe *recipe, const char *dir) {
    size_t count;
    const char **options = recipe_options(recipe, dir, &count);
    if (recipe->model != NULL)
        printf("--input_model\n%s/%s\n", dir, recipe->model);
    for (size_t i = 0; i < count; i++)
        puts(options[i]);
    printf("--framework\n%s\n", recipe->framework);
}

int main(int argc, char **argv) {
    struct recipe recipe;
    bool only_options = argc == 4 && strcmp(argv[1], "--options") == 0;
    if (!only_options && argc != 3) {
        fprintf(stderr, "usage: remake [--options] CASE.tar.xz DIR\n");
        return 2;
    }
    const char *archive = argv[argc - 2], *dir = argv[argc - 1];
    struct arena *arena = arena_new();
    const char *wrong = recipe_read(arena, archive, &recipe);
    if (wrong == NULL && only_options) {
        print_options(&recipe, dir);
    } else if (wrong == NULL) {
        if (mkdir(dir, 0777) != 0 && errno != EEXIST)
            wrong = strerror(errno);
        else
            wrong = recipe_remake(&recipe, dir);
    }
    if (wrong != NULL)
        fprintf(stderr, "remake: %s\n", wrong);
    arena_free(arena);
    return wrong != NULL;
}
