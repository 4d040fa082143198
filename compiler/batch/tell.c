// SPDX-License-Identifier: Apache-2.0
// How a step tells what came of it: log, event, and a line for the screen.
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/base/fatal.h"
#include "compiler/base/printable.h"
#include "compiler/batch/work.h"

// The messages as they are printed, in memory.
static void take_messages(struct work *work) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL)
        fatal_out_of_memory();
    diag_print(work->diag, stream, DIAG_PLAIN, DIAG_WARNING);
    fclose(stream);
    if (work->cause == NULL && size > 0) {
        const char *start = strstr(text, "]  ");
        start = start == NULL ? text : start + 3;
        work->cause = arena_strndup(work->arena, start, strcspn(start, "\r\n"));
    }
    strbuf_add(&work->output, text, size);
    free(text);
}

static void write_log(const struct work *work, enum event_outcome outcome) {
    struct strbuf log = STRBUF_INIT;
    if (outcome == EVENT_FAILED)
        strbuf_printf(&log, "failed: %s\n", work->cause);
    else
        strbuf_puts(&log, outcome == EVENT_CACHED ? "from cache\n" : "done\n");
    if (work->why.length > 0)
        strbuf_printf(&log, "ran because %s\n", work->why.data);
    if (work->gone != NULL && outcome != EVENT_FAILED)
        strbuf_printf(&log, "input '%s' is gone; its sum was known\n", work->gone);
    if (work->output.length > 0)
        strbuf_printf(&log, "\n%s", work->output.data);
    // A log that cannot be written is no reason to fail what it tells of.
    if (ftruncate(work->log, 0) != 0 || pwrite(work->log, log.data, log.length, 0) < 0)
        perror(work->log_path);
    strbuf_free(&log);
}

static void add_text(struct json_object *to, const char *key, const char *text) {
    struct strbuf line = STRBUF_INIT;
    if (text != NULL)
        printable_text(&line, text);
    if (line.length > 0)
        json_object_object_add(to, key, json_object_new_string(line.data));
    strbuf_free(&line);
}

static uint64_t output_bytes(const struct work *work) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; work->record != NULL && i < work->record->count; i++)
        bytes += work->record->lines[i].kind == RECORD_OUTPUT ? work->record->lines[i].size : 0;
    return bytes;
}

// One line of JSON, in one write: many steps append to the file.
static void write_event(const struct work *work, enum event_outcome outcome, double seconds) {
    const char *path = getenv("ZOOC_EVENTS");
    int fd = path == NULL ? -1 : open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0)
        return;
    struct json_object *event = json_object_new_object();
    add_text(event, "model", work->step->model);
    add_text(event, "step", step_kind_names[work->step->kind]);
    add_text(event, "variant", work->step->variant);
    if (work->step->golden > 0)
        json_object_object_add(event, "golden", json_object_new_int64(work->step->golden));
    add_text(event, "outcome", event_outcome_names[outcome]);
    add_text(event, "because", work->why.data);
    if (outcome == EVENT_FAILED)
        add_text(event, "cause", work->cause);
    if (outcome != EVENT_SAME)
        add_text(event, "log", work->log_path);
    json_object_object_add(event, "milliseconds", json_object_new_int64((int64_t)(seconds * 1000)));
    json_object_object_add(event, "bytes", json_object_new_int64((int64_t)output_bytes(work)));
    json_object_object_add(event, "memory", json_object_new_int64((int64_t)work->memory));
    const char *text = arena_printf(work->arena, "%s\n",
                                    json_object_to_json_string_ext(event, JSON_C_TO_STRING_PLAIN));
    if (write(fd, text, strlen(text)) < 0)
        perror("zooc: events");
    close(fd);
    json_object_put(event);
}

void work_tell(struct work *work, enum event_outcome outcome, double seconds) {
    const struct step *step = work->step;
    take_messages(work);
    if (outcome == EVENT_FAILED && work->cause == NULL)
        work->cause = "no cause was told";
    if (outcome != EVENT_SAME && work->log >= 0)
        write_log(work, outcome);
    write_event(work, outcome, seconds);
    if (work->notice != NULL)
        puts(work->notice);
    if (outcome == EVENT_FAILED)
        printf("%s%s%s: %s: %s\n", step->model, step->variant[0] == '\0' ? "" : " ", step->variant,
               step_kind_names[step->kind], work->cause);
}
