// SPDX-License-Identifier: Apache-2.0
// What each kind of step does.
#include "compiler/batch/work.h"

#include <dirent.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/tree.h"
#include "compiler/base/map.h"
#include "compiler/batch/child.h"

static const char program[] = ".zooc/zooc"; // zooc gen puts a link there

static const char *const ir_suffixes[] = {".xml", ".bin", ".mapping"};
enum { IR_FILES = sizeof ir_suffixes / sizeof ir_suffixes[0] };
const size_t work_ir_file_count = IR_FILES;

const char *work_ir_file(const struct work *work, size_t number) {
    return arena_printf(work->arena, "%s%s", work->step->model, ir_suffixes[number]);
}

bool work_add_output(struct work *work, const char *name) {
    struct hash hash;
    uint64_t size;
    if (!hash_path(arena_printf(work->arena, "%s%s", work->output_root, name), &hash, &size)) {
        work->cause = arena_printf(work->arena, "there is no %s: %s", name, strerror(errno));
        return false;
    }
    record_add_file(work->record, RECORD_OUTPUT, name, hash, size);
    return true;
}

const char *work_setting(const struct work *work, const char *option) {
    for (uint32_t i = 0; i < work->step->argument_count; i++) {
        if (strcmp(work->step->arguments[i].option, option) == 0)
            return work->step->arguments[i].value;
    }
    return NULL;
}

// ---- Programs ----

static const char *first_cause(struct arena *arena, const char *output) {
    static const char *const marks[] = {"[ ERROR ]", "[ BUG ]"};
    const char *start = output;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        const char *found = strstr(output, marks[i]);
        if (found != NULL) {
            start = found + strlen(marks[i]);
            break;
        }
    }
    start += strspn(start, " \t\r\n");
    return arena_strndup(arena, start, strcspn(start, "\r\n"));
}

// Is the program that the rules call this very one? A stand-in must be run as a program.
static bool is_own_program(void) {
    struct stat own, called;
    return stat("/proc/self/exe", &own) == 0 && stat(program, &called) == 0 &&
           own.st_dev == called.st_dev && own.st_ino == called.st_ino;
}

static bool run_program(struct work *work, char **words) {
    struct child_result result;
    child_function *function = is_own_program() ? work->find(words[1]) : NULL;
    if (function != NULL)
        child_run_function(function, words + 1, &result);
    else
        child_run(words, &result);
    work->output = result.output;
    work->memory = result.memory;
    if (result.error == 0 && result.signal == 0 && result.status == 0)
        return true;
    if (result.error != 0)
        work->cause =
            arena_printf(work->arena, "cannot run %s: %s", words[0], strerror(result.error));
    else if (result.signal != 0)
        work->cause = arena_printf(work->arena, "zooc %s was ended by signal %d (%s)", words[1],
                                   result.signal, strsignal(result.signal));
    else
        work->cause = first_cause(work->arena, result.output.data);
    if (work->cause[0] == '\0')
        work->cause =
            arena_printf(work->arena, "zooc %s failed with exit code %d", words[1], result.status);
    return false;
}

struct command {
    char **words;
    size_t count;
};

static void add_word(struct work *work, struct command *command, const char *text) {
    command->words[command->count++] = arena_strdup(work->arena, text);
}

static void add_option(struct work *work, struct command *command, const char *option,
                       const char *value) {
    add_word(work, command, arena_printf(work->arena, "--%s", option));
    add_word(work, command, value);
}

// `zooc NAME` with the step's own arguments and room for `more` words.
static struct command start_command(struct work *work, const char *name, size_t more) {
    const struct step *step = work->step;
    struct command command = {
        .words = arena_array_of(work->arena, 3 + 2 * (size_t)step->argument_count + more, char *)};
    add_word(work, &command, program);
    add_word(work, &command, name);
    for (uint32_t i = 0; i < step->argument_count; i++) {
        const struct step_argument *argument = &step->arguments[i];
        if (argument->option[0] != '\0')
            add_option(work, &command, argument->option,
                       argument->word == STEP_SET ? argument->value : argument->path);
    }
    return command;
}

// ---- Convert ----

bool work_convert(struct work *work) {
    const struct step *step = work->step;
    struct command command = start_command(work, "convert", 4);
    add_option(work, &command, "model_name", step->model);
    add_option(work, &command, "output_dir",
               arena_printf(work->arena, "%s/%s", step->model, step->variant));
    if (!run_program(work, command.words))
        return false;
    for (size_t i = 0; i < IR_FILES; i++) {
        if (!work_add_output(work, work_ir_file(work, i)))
            return false;
    }
    return true;
}

// ---- Verify ----

static void add_number(struct work *work, const char *name, struct json_object *from,
                       const char *key) {
    struct json_object *value;
    if (json_object_object_get_ex(from, key, &value) && value != NULL)
        record_add(work->record, RECORD_RESULT, name, json_object_to_json_string(value));
}

// Takes the numbers of the report into the record.
static void add_results(struct work *work, const char *report) {
    struct json_object *root = json_object_from_file(report), *outputs, *value;
    if (json_object_object_get_ex(root, "outputs", &outputs) &&
        json_object_is_type(outputs, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(outputs); i++) {
            struct json_object *output = json_object_array_get_idx(outputs, i);
            const char *name = "";
            if (json_object_object_get_ex(output, "name", &value))
                name = json_object_get_string(value);
            add_number(work, arena_printf(work->arena, "max_difference %s", name), output,
                       "max_difference");
            add_number(work, arena_printf(work->arena, "relative_difference %s", name), output,
                       "relative_difference");
        }
    }
    add_number(work, "rows", root, "rows");
    add_number(work, "accuracy", root, "accuracy");
    add_number(work, "expected_accuracy", root, "expected_accuracy");
    json_object_put(root);
}

bool work_verify(struct work *work) {
    const struct step *step = work->step;
    const char *name = arena_printf(work->arena, "%s.json", work->name);
    const char *report = arena_printf(work->arena, "%s%s", work->output_root, name);
    struct command command = start_command(work, "verify", 4);
    add_option(work, &command, "model",
               arena_printf(work->arena, "%s/%s/%s.xml", step->model, step->variant, step->model));
    add_option(work, &command, "report", report);
    if (!run_program(work, command.words) || !work_add_output(work, name))
        return false;
    add_results(work, report);
    return true;
}

// ---- After a failure ----

static void remove_ir(const struct work *work, const char *variant) {
    const char *model = work->step->model;
    for (size_t i = 0; i < IR_FILES; i++)
        unlink(arena_printf(work->arena, "%s/%s/%s%s", model, variant, model, ir_suffixes[i]));
}

// Without its sources a model has no IR: what an earlier archive gave would pass for current.
static void remove_all_ir(const struct work *work) {
    DIR *folder = opendir(work->step->model);
    const struct dirent *entry;
    if (folder == NULL)
        return;
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.')
            remove_ir(work, entry->d_name);
    }
    closedir(folder);
}

void work_remove_outputs(const struct work *work) {
    if (work->step->kind == STEP_CONVERT)
        remove_ir(work, work->step->variant);
    if (work->step->kind == STEP_VERIFY)
        unlink(arena_printf(work->arena, "%s%s.json", work->output_root, work->name));
    if (work->step->kind == STEP_UNPACK) {
        tree_remove(work->output_root);
        remove_all_ir(work);
    }
}
