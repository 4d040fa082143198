// SPDX-License-Identifier: Apache-2.0
// zooc layers: what each front end imports, from its own table.
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/cli/cli.h"
#include "frontends/frontend.h"

static const struct frontend *const frontend_table[] = {
#define FRONTEND(name) &frontend_##name,
#include "frontends/frontends.def"
#undef FRONTEND
};

static const struct {
    const char *meaning, *text;
} meanings[] = {
    {"several", "operators, by its attributes"},
    {"input", "an input of the model"},
    {"dropped", "nothing, it serves training alone"},
};

static const char *meaning_text(const char *meaning) {
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
        if (strcmp(meaning, meanings[i].meaning) == 0)
            return meanings[i].text;
    return meaning;
}

static void print_layers(const struct frontend *frontend) {
    struct frontend_layer layer;
    printf("%s:\n", frontend->title);
    for (size_t i = 0; frontend->layer != NULL && frontend->layer(i, &layer); i++) {
        size_t at = (size_t)printf("  %s", layer.type);
        help_wrapped(stdout, at, 32, meaning_text(layer.meaning));
    }
}

int command_layers(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        puts("usage: zooc layers [FRAMEWORK...]\n\n"
             "Lists the layers that can be imported, and what becomes of each.");
        return EXIT_DONE;
    }
    for (size_t i = 0; argc == 1 && i < sizeof(frontend_table) / sizeof(frontend_table[0]); i++)
        print_layers(frontend_table[i]);
    for (int i = 1; i < argc; i++) {
        const struct frontend *frontend = frontend_find(argv[i]);
        if (frontend == NULL) {
            fprintf(stderr, "zooc: no front end is called '%s'\n", argv[i]);
            return EXIT_USAGE;
        }
        print_layers(frontend);
    }
    return EXIT_DONE;
}
