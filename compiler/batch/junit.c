// SPDX-License-Identifier: Apache-2.0
// A build as JUnit XML: a test suite for each model, a test case for each of its steps. What was up
// to date has passed; what could not run because an earlier step failed is skipped.
#include <errno.h>
#include <libxml/xmlwriter.h>
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/base/map.h"
#include "compiler/base/outfile.h"
#include "compiler/base/printable.h"
#include "compiler/batch/tally.h"

struct junit {
    struct arena *arena;
    const struct tally *tally;
    xmlTextWriter *to;
};

static void open_tag(struct junit *j, const char *name) {
    if (xmlTextWriterStartElement(j->to, BAD_CAST name) < 0)
        fatal_out_of_memory();
}

static void close_tag(struct junit *j) {
    if (xmlTextWriterEndElement(j->to) < 0)
        fatal_out_of_memory();
}

static void attribute(struct junit *j, const char *name, const char *value) {
    if (xmlTextWriterWriteAttribute(j->to, BAD_CAST name, BAD_CAST value) < 0)
        fatal_out_of_memory();
}

static void seconds_attribute(struct junit *j, double seconds) {
    attribute(j, "time", arena_printf(j->arena, "%.3f", seconds));
}

// XML has no way to write control characters, nor what is not UTF-8.
static const char *printable(struct arena *arena, const char *text, size_t size) {
    struct strbuf out = STRBUF_INIT;
    printable_lines(&out, text, size);
    const char *copy = arena_strdup(arena, out.data);
    strbuf_free(&out);
    return copy;
}

static const char *said(struct junit *j, const struct step_event *event) {
    struct slice log;
    const char *path = arena_printf(j->arena, "%s/%s", j->tally->folder, event->log);
    if (event->log[0] == '\0' || !map_file(j->arena, path, &log))
        return "";
    return printable(j->arena, (const char *)log.data, log.size);
}

static void put_failure(struct junit *j, const char *cause, const char *text) {
    open_tag(j, "failure");
    attribute(j, "message", printable(j->arena, cause, strlen(cause)));
    if (text[0] != '\0' && xmlTextWriterWriteString(j->to, BAD_CAST text) < 0)
        fatal_out_of_memory();
    close_tag(j);
}

static void put_skipped(struct junit *j) {
    open_tag(j, "skipped");
    close_tag(j);
}

// Has a step failed, without a word or with one, whose work this one needs?
static bool is_missing(const struct model_tally *model, const struct step_event *event) {
    return event == NULL && model->outcome == MODEL_FAILED;
}

static void put_case(void *context, const struct model_tally *model, const char *step,
                     const char *variant, unsigned golden) {
    struct junit *j = context;
    const struct step_event *event = events_find(model->events, step, variant, golden);
    const char *name =
        arena_printf(j->arena, "%s%s%s", step, variant[0] == '\0' ? "" : " ", variant);
    if (golden > 1)
        name = arena_printf(j->arena, "%s golden %u", name, golden);
    open_tag(j, "testcase");
    attribute(j, "classname", model->model->name);
    attribute(j, "name", name);
    seconds_attribute(j, event == NULL ? 0 : event->seconds);
    if (event != NULL && event->outcome == EVENT_FAILED)
        put_failure(j, event->cause, said(j, event));
    else if (is_missing(model, event) && model->failure == NULL)
        put_failure(j, model->cause, "");
    else if (is_missing(model, event) && strcmp(model->failure->step, "unpack") == 0)
        put_skipped(j);
    close_tag(j);
}

static void count_case(void *context, const struct model_tally *model, const char *step,
                       const char *variant, unsigned golden) {
    (void)model, (void)step, (void)variant, (void)golden;
    ++*(unsigned *)context;
}

static void put_suite(struct junit *j, const struct model_tally *model) {
    unsigned cases = 0, failures = 0;
    tally_steps(model, count_case, &cases);
    for (const struct step_event *e = model->events == NULL ? NULL : model->events->first;
         e != NULL; e = e->next)
        failures += e->outcome == EVENT_FAILED;
    open_tag(j, "testsuite");
    attribute(j, "name", model->model->name);
    attribute(j, "tests", arena_printf(j->arena, "%u", cases));
    attribute(j, "failures", arena_printf(j->arena, "%u", failures));
    seconds_attribute(j, model->seconds);
    tally_steps(model, put_case, j);
    close_tag(j);
}

bool tally_write_junit(struct arena *arena, const struct tally *tally, const char *path,
                       struct diag *diag) {
    struct junit j = {.arena = arena_new(), .tally = tally};
    xmlBuffer *buffer = xmlBufferCreate();
    j.to = buffer == NULL ? NULL : xmlNewTextWriterMemory(buffer, 0);
    if (j.to == NULL)
        fatal_out_of_memory();
    xmlTextWriterSetIndent(j.to, 1);
    xmlTextWriterStartDocument(j.to, NULL, "UTF-8", NULL);
    open_tag(&j, "testsuites");
    seconds_attribute(&j, tally->seconds);
    for (uint32_t i = 0; i < tally->count; i++)
        put_suite(&j, &tally->models[i]);
    xmlTextWriterEndDocument(j.to);
    xmlFreeTextWriter(j.to);
    bool done =
        outfile_replace(path, xmlBufferContent(buffer), (size_t)xmlBufferLength(buffer), NULL);
    if (!done)
        diag_report(diag, NULL, OUTPUT_WRITE, arena_strdup(arena, path), strerror(errno));
    xmlBufferFree(buffer);
    arena_free(j.arena);
    return done;
}
