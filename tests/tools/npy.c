// SPDX-License-Identifier: Apache-2.0
// npy FILE TYPE SHAPE VALUE...: writes a .npy, for test scripts. TYPE is NumPy's (float32), SHAPE
// is "2,3,"; values repeat when there are fewer than elements.
#include <stdio.h>
#include <stdlib.h>

#include "tests/tools/parts/npyfile.h"

int main(int argc, char **argv) {
    if (argc < 5) {
        fprintf(stderr, "usage: npy FILE TYPE SHAPE VALUE...\n");
        return 2;
    }
    struct arena *arena = arena_new();
    enum dtype type = npyfile_type(argv[2]);
    uint64_t count = 1;
    for (char *at = argv[3], *end; *at != '\0'; at = *end == ',' ? end + 1 : end)
        count *= strtoull(at, &end, 10);
    void *data = arena_array(arena, count + 1, 8);
    for (uint64_t i = 0; i < count; i++)
        dtype_store(type, data, i, strtod(argv[4 + i % (uint64_t)(argc - 4)], NULL));
    struct slice file = npyfile(arena, type, argv[3], data, count);
    FILE *to = fopen(argv[1], "wb");
    bool ok = to != NULL && fwrite(file.data, 1, file.size, to) == file.size;
    ok = to != NULL && fclose(to) == 0 && ok;
    if (!ok)
        perror(argv[1]);
    arena_free(arena);
    return ok ? 0 : 1;
}
