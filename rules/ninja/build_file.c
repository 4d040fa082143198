// SPDX-License-Identifier: Apache-2.0
#include "rules/ninja/build_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/fatal.h"

#define MIB (1024ULL * 1024)

// The text of rules/*.ninja (the Makefile makes it).
static const char rules[] =
#include "rules/ninja/templates.inc"
    ;

static const char *const rule_names[] = {
    [PLAN_UNPACK] = "unpack", [PLAN_CONVERT] = "convert", [PLAN_VERIFY] = "verify"};

// ---- Pools ----
// Ninja counts steps, not bytes, and a step is in one pool: it goes into the smallest class that
// holds it. The memory is parted among the classes that occur, from the largest down, so that all
// pools together stay below it as long as one step of each class does.

static const struct {
    const char *name;
    uint64_t bytes;
} classes[] = {
    {"memory_512m", 512 * MIB},
    {"memory_2g", 2048 * MIB},
    {"memory_8g", 8192 * MIB},
    {"memory_32g", 32768 * MIB},
};

enum {
    CLASS_COUNT = sizeof classes / sizeof classes[0],
    NO_NEED_FROM = 64 // more at a time than machines have processors
};

struct pools {
    uint64_t depths[CLASS_COUNT]; // 0: no step is in it
};

static size_t class_of(uint64_t bytes) {
    size_t class = 0;
    while (class + 1 < CLASS_COUNT && classes[class].bytes < bytes)
        class ++;
    return class;
}

static struct pools part_memory(const struct build_file *file) {
    struct pools pools = {{0}};
    uint64_t left = file->memory, kinds = 0;
    for (uint32_t i = 0; i < file->plan->count; i++)
        pools.depths[class_of(file->plan->steps[i].memory)] = 1;
    for (size_t i = 0; i < CLASS_COUNT; i++)
        kinds += pools.depths[i];
    for (size_t i = CLASS_COUNT; i-- > 0;) {
        if (pools.depths[i] == 0)
            continue;
        uint64_t depth = left / kinds-- / classes[i].bytes;
        pools.depths[i] = depth > 0 ? depth : 1;
        uint64_t taken = pools.depths[i] * classes[i].bytes;
        left = left > taken ? left - taken : 0;
    }
    return pools;
}

static const char *pool_of(const struct pools *pools, uint64_t bytes) {
    size_t class = class_of(bytes);
    return pools->depths[class] < NO_NEED_FROM ? classes[class].name : NULL;
}

static void put_pools(struct strbuf *to, const struct pools *pools) {
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        if (pools->depths[i] > 0)
            strbuf_printf(to, "pool %s\n  depth = %llu\n", classes[i].name,
                          (unsigned long long)pools->depths[i]);
    }
    strbuf_putc(to, '\n');
}

// Bytes named by the line that starts with `key`; 0 when there is none.
static uint64_t read_bytes(const char *path, const char *key, uint64_t unit) {
    FILE *file = fopen(path, "re");
    char line[256];
    unsigned long long value = 0;
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, key, strlen(key)) == 0) {
            value = strtoull(line + strlen(key), NULL, 10); // "max" is 0: no limit
            break;
        }
    }
    fclose(file);
    return value * unit;
}

uint64_t build_file_memory(void) {
    uint64_t available = read_bytes("/proc/meminfo", "MemAvailable:", 1024);
    uint64_t group = read_bytes("/sys/fs/cgroup/memory.max", "", 1);
    if (group > 0 && (available == 0 || group < available))
        available = group;
    uint64_t rounded = 256 * MIB;
    while (rounded <= available / 2)
        rounded *= 2;
    return rounded;
}

// ---- Commands ----

static void put_variable_of(struct strbuf *to, const char *name, size_t length,
                            const struct plan_step *step, const char *build_id) {
    const struct {
        const char *name, *value;
    } variables[] = {{"build_id", build_id}, {"model", step->model}, {"variant", step->variant}};
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        if (strlen(variables[i].name) == length && strncmp(variables[i].name, name, length) == 0)
            strbuf_puts(to, variables[i].value);
    }
    if (length == 4 && strncmp(name, "step", length) == 0)
        ninja_shell_words(to, step->words.items, step->words.count);
}

static const char *rule_command(const char *rule) {
    char start[64];
    snprintf(start, sizeof start, "rule %s\n  command = ", rule);
    const char *found = strstr(rules, start);
    return found == NULL ? "" : found + strlen(start);
}

void build_file_command(struct strbuf *to, const struct plan_step *step, const char *build_id) {
    for (const char *c = rule_command(rule_names[step->kind]); *c != '\0' && *c != '\n';) {
        if (*c != '$') {
            strbuf_putc(to, *c++);
            continue;
        }
        size_t length = strspn(++c, "abcdefghijklmnopqrstuvwxyz_");
        put_variable_of(to, c, length, step, build_id);
        c += length;
    }
}

// ---- Edges ----

static struct ninja_paths paths_of(const struct text_list *list) {
    return (struct ninja_paths){.items = list->items, .count = list->count};
}

static void put_step(struct strbuf *to, const struct plan_step *step, const struct pools *pools) {
    struct ninja_edge edge = {
        .rule = rule_names[step->kind],
        .outputs = paths_of(&step->outputs),
        .implicit_outputs = paths_of(&step->implicit_outputs),
        .inputs = paths_of(&step->inputs),
        .implicit_inputs = paths_of(&step->implicit_inputs),
        .pool = pool_of(pools, step->memory),
        .model = step->model,
        .variant = step->variant[0] == '\0' ? NULL : step->variant,
        .words = paths_of(&step->words),
    };
    ninja_edge(to, &edge);
}

// The report reads what every step leaves behind: its record.
static void put_report(struct strbuf *to, const struct plan *plan) {
    strbuf_puts(to, "build zoo.json: report .zooc/zoo.list");
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct plan_step *step = &plan->steps[i];
        const struct text_list *list =
            step->kind == PLAN_CONVERT ? &step->implicit_outputs : &step->outputs;
        strbuf_putc(to, ' ');
        ninja_path(to, list->items[0]);
    }
    strbuf_putc(to, '\n');
}

static void put_outside(struct strbuf *to, const struct plan *plan) {
    strbuf_puts(to,
                "\n# Files from elsewhere. The empty rule lets a missing one fail the steps that "
                "read it, not the build.\n");
    for (uint32_t i = 0; i < plan->outside.count; i++) {
        struct ninja_edge edge = {.rule = "phony"};
        edge.outputs = (struct ninja_paths){&plan->outside.items[i], 1};
        ninja_edge(to, &edge);
    }
}

static void put_regenerate(struct strbuf *to, const struct build_file *file) {
    static const char *const self[] = {"build.ninja"}, *const list[] = {".zooc/zoo.list"},
                             *const program = ".zooc/zooc";
    const struct text_list *folders = &file->plan->folders;
    const char **implicit = malloc((folders->count + 1) * sizeof *implicit);
    if (implicit == NULL)
        fatal_out_of_memory();
    implicit[0] = program;
    for (uint32_t i = 0; i < folders->count; i++)
        implicit[i + 1] = folders->items[i];
    struct ninja_edge edge = {
        .rule = "regenerate",
        .outputs = {self, 1},
        .implicit_outputs = {list, 1},
        .inputs = file->manifests,
        .implicit_inputs = {implicit, folders->count + 1},
        .words = file->regenerate,
    };
    ninja_edge(to, &edge);
    free(implicit);
}

void build_file_write(struct strbuf *to, const struct build_file *file) {
    strbuf_puts(to, "# Written by zooc gen; changes are lost. Run with: ninja -k 0\n"
                    "ninja_required_version = 1.7\n"
                    "builddir = .zooc\n");
    strbuf_printf(to, "build_id = %s\n\n", file->build_id);
    strbuf_puts(to, rules);
    struct pools pools = part_memory(file);
    put_pools(to, &pools);
    for (uint32_t i = 0; i < file->plan->count; i++)
        put_step(to, &file->plan->steps[i], &pools);
    put_report(to, file->plan);
    put_outside(to, file->plan);
    strbuf_puts(to, "\n");
    put_regenerate(to, file);
}
