// SPDX-License-Identifier: Apache-2.0
// measure RUNS COMMAND...: runs a command RUNS times and prints the median of the seconds and the
// peak of anonymous memory, of it and its children, in megabytes. Its output is shown only when it
// fails.
#include <stdio.h>
#include <stdlib.h>

#include "cache/tree.h"
#include "tests/scratch.h"
#include "tests/tools/parts/spawn.h"

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void show(const char *path) {
    char line[4096];
    FILE *log = fopen(path, "r");
    while (log != NULL && fgets(line, sizeof(line), log) != NULL)
        fputs(line, stderr);
    if (log != NULL)
        fclose(log);
}

int main(int argc, char **argv) {
    unsigned long runs = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
    if (runs == 0 || runs > 1000) {
        fprintf(stderr, "usage: measure RUNS COMMAND...\n");
        return 2;
    }
    double seconds[1000];
    uint64_t peak = 0;
    char folder[SCRATCH_SIZE], log[SCRATCH_SIZE + 8];
    int status = 0;
    if (!scratch_make(folder)) {
        perror("measure");
        return 1;
    }
    snprintf(log, sizeof(log), "%s/log", folder);
    for (unsigned long i = 0; i < runs && status == 0; i++) {
        struct spawned run;
        if (!spawn((const char *const *)(argv + 2), log, &run))
            run.status = 1;
        status = run.status;
        seconds[i] = run.seconds;
        peak = run.peak_tree > peak ? run.peak_tree : peak;
    }
    if (status != 0)
        show(log);
    tree_remove(folder);
    qsort(seconds, status == 0 ? runs : 0, sizeof(double), by_size);
    if (status == 0)
        printf("%.4f %.1f\n", seconds[runs / 2], (double)peak / 1e6);
    return status;
}
