// SPDX-License-Identifier: Apache-2.0
// irdiff OURS.xml PEER     differences between a classic IR and another (.xml) or its table (.tsv)
// irdiff --table IR.xml    prints the table of an IR
#include <errno.h>
#include <string.h>

#include "compiler/base/map.h"
#include "tests/tools/parts/irdiff.h"

static const char *load(struct arena *arena, const char *path, struct ir_table *out) {
    size_t length = strlen(path);
    struct slice text = {NULL, 0};
    if (length > 4 && strcmp(path + length - 4, ".xml") == 0)
        return irtable_from_ir(arena, path, out);
    return map_file(arena, path, &text) ? irtable_from_text(arena, text, out) : strerror(errno);
}

int main(int argc, char **argv) {
    struct ir_table ours = {.layers = NULL}, peer = {.layers = NULL};
    struct ir_differences differences;
    if (argc != 3) {
        fprintf(stderr, "usage: irdiff OURS.xml PEER.xml|PEER.tsv\n       irdiff --table IR.xml\n");
        return 2;
    }
    struct arena *arena = arena_new();
    bool print = strcmp(argv[1], "--table") == 0;
    const char *wrong = load(arena, argv[print ? 2 : 1], &ours);
    if (wrong == NULL && print) {
        irtable_print(&ours, stdout);
        arena_free(arena);
        return 0;
    }
    if (wrong == NULL)
        wrong = load(arena, argv[2], &peer);
    if (wrong != NULL) {
        fprintf(stderr, "irdiff: %s\n", wrong);
        arena_free(arena);
        return 2;
    }
    irdiff(arena, &ours, &peer, false, &differences);
    for (size_t i = 0; i < differences.count; i++)
        printf("%s (%s): %s\n", differences.items[i].layer, differences.items[i].type,
               differences.items[i].what);
    printf("%zu of %zu layers alike\n", differences.alike, peer.count);
    int status = differences.count > 0;
    arena_free(arena);
    return status;
}
