// SPDX-License-Identifier: Apache-2.0
// zooc convert: one model. What it prints and how it ends are the Model Optimizer's.
#include "compiler/driver/convert.h"
#include "compiler/driver/driver.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/cli/cli.h"

struct session {
    struct option_values options;
    struct conversion conversion;
    struct timespec start;
};

static double seconds_since(const struct timespec *start) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + 1e-9 * (double)(now.tv_nsec - start->tv_nsec);
}

static bool open_trace(struct session *s) {
    const char *path = s->options.text[OPT_steps];
    if (path == NULL)
        return true;
    s->conversion.trace = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    if (s->conversion.trace != NULL)
        return true;
    diag_report(s->conversion.diag, NULL, OUTPUT_WRITE, path, strerror(errno));
    return false;
}

static void close_trace(struct session *s) {
    FILE *trace = s->conversion.trace;
    if (trace == NULL || trace == stdout)
        return;
    bool failed = ferror(trace) != 0;
    if (fclose(trace) != 0 || failed)
        diag_report(s->conversion.diag, NULL, OUTPUT_WRITE, s->options.text[OPT_steps],
                    strerror(errno));
}

static void print_json(const struct session *s, const struct conversion_target *targets,
                       uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const struct conversion_target *t = &targets[i];
        struct json_object *line = json_object_new_object();
        json_object_object_add(line, "model", json_object_new_string(s->conversion.model_name));
        json_object_object_add(line, "ir_version", json_object_new_int(t->ir_version));
        json_object_object_add(line, "data_type",
                               json_object_new_string(dtype_classic_name(t->data_type)));
        json_object_object_add(line, "xml", json_object_new_string(t->result.xml));
        json_object_object_add(line, "bin", json_object_new_string(t->result.bin));
        json_object_object_add(line, "layers", json_object_new_int64(t->result.layers));
        puts(json_object_to_json_string_ext(line, JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(line);
    }
}

static void print_success(struct session *s, const struct conversion_target *targets,
                          uint32_t count) {
    if (option_flag(&s->options, OPT_json)) {
        print_json(s, targets, count);
        return;
    }
    puts("\n[ SUCCESS ] Generated IR model.");
    for (uint32_t i = 0; i < count; i++) {
        struct arena *arena = s->conversion.arena;
        printf("[ SUCCESS ] XML file: %s\n", arguments_path(arena, targets[i].result.xml));
        printf("[ SUCCESS ] BIN file: %s\n", arguments_path(arena, targets[i].result.bin));
    }
    printf("[ SUCCESS ] Total execution time: %.2f seconds.\n", seconds_since(&s->start));
}

// --tensorflow_custom_operations_config_update asks for another file than an IR: NULL when not
// given.
static const char *updated_file(const struct session *s) {
    const struct option_def *def = &option_table[OPT_tensorflow_custom_operations_config_update];
    return driver_option_serves(&s->conversion, def)
               ? s->options.text[OPT_tensorflow_custom_operations_config_update]
               : NULL;
}

static void update(struct session *s, const char *path) {
    bool done = conversion_import(&s->conversion) != NULL;
    if (done && cli_exit_code(s->conversion.diag) == EXIT_DONE &&
        !option_flag(&s->options, OPT_silent))
        printf("\n[ SUCCESS ] Updated file: %s\n", arguments_path(s->conversion.arena, path));
}

static int convert(struct session *s) {
    struct conversion *c = &s->conversion;
    if (strcmp(option_text(&s->options, OPT_log_level), "DEBUG") == 0)
        c->log = stderr;
    bool quiet = option_flag(&s->options, OPT_silent) || option_flag(&s->options, OPT_json);
    if (!conversion_begin(c))
        return cli_exit_code(c->diag);
    if (!quiet)
        arguments_print(c, stdout);
    if (updated_file(s) != NULL) {
        update(s, updated_file(s));
        return cli_exit_code(c->diag);
    }
    uint32_t count = 0;
    struct conversion_target *targets = conversion_targets(c, &count);
    bool done = open_trace(s) && conversion_run(c, targets, count);
    close_trace(s);
    int code = cli_exit_code(c->diag);
    if (done && code == EXIT_DONE && !option_flag(&s->options, OPT_silent))
        print_success(s, targets, count);
    return code;
}

// Called as mo_caffe.py or mo_tf, the framework is said.
static void take_framework(struct session *s, const char *program) {
    const char *slash = strrchr(program, '/');
    const char *base = slash != NULL ? slash + 1 : program;
    struct arena *arena = s->conversion.arena;
    if (strncmp(base, "mo_", 3) != 0 || s->options.text[OPT_framework] != NULL)
        return;
    const char *name = arena_strndup(arena, base + 3, strcspn(base + 3, "."));
    const struct option_def *def = &option_table[OPT_framework];
    if (frontend_find(name) != NULL)
        option_set(arena, s->conversion.diag, NULL, &s->options, def, name);
}

static int run(struct session *s, int argc, char **argv) {
    struct conversion *c = &s->conversion;
    bool read = options_read(c->arena, c->diag, argc - 1, argv + 1, &s->options);
    if (option_flag(&s->options, OPT_help)) {
        help_options(stdout, strcmp(argv[0], "convert") == 0 ? "zooc convert" : argv[0]);
        return EXIT_DONE;
    }
    if (option_flag(&s->options, OPT_version)) {
        puts(cli_version());
        return EXIT_DONE;
    }
    take_framework(s, argv[0]);
    if (!read || !options_check(c->arena, c->diag, NULL, &s->options))
        return EXIT_USAGE;
    return convert(s);
}

int command_convert(int argc, char **argv) {
    struct session s = {0};
    clock_gettime(CLOCK_MONOTONIC, &s.start);
    s.conversion.arena = arena_new();
    s.conversion.diag = diag_new(s.conversion.arena);
    s.conversion.options = &s.options;
    int code = run(&s, argc, argv);
    cli_print_diag(s.conversion.diag, &s.options);
    arena_free(s.conversion.arena);
    return code;
}
