// SPDX-License-Identifier: Apache-2.0
// A build as a page of Markdown, as a job of continuous integration shows it.
#include <errno.h>
#include <string.h>

#include "compiler/base/outfile.h"
#include "compiler/base/strbuf.h"
#include "compiler/batch/tally.h"

enum { MOST_FAILURES = 200 }; // rows: the page is for people

// The text of a cell: what Markdown or HTML would take for markup stands for itself.
static void put_cell(struct strbuf *to, const char *text) {
    for (; *text != '\0'; text++) {
        if (strchr("\\`*_{}[]<>|#~&$", *text) != NULL)
            strbuf_putc(to, '\\');
        strbuf_putc(to, (unsigned char)*text < ' ' ? ' ' : *text);
    }
}

static void put_counts(struct arena *arena, const struct tally *tally, struct strbuf *to) {
    strbuf_puts(to, "| | models | time | size |\n| --- | ---: | ---: | ---: |\n");
    for (size_t i = 0; i < MODEL_OUTCOME_COUNT; i++) {
        strbuf_printf(to, "| %s | %u |", model_outcome_names[i], tally->outcomes[i].models);
        if (i == MODEL_SAME)
            strbuf_puts(to, " | |\n");
        else
            strbuf_printf(to, " %.1f s | %s |\n", tally->outcomes[i].seconds,
                          tally_size(arena, tally->outcomes[i].bytes));
    }
}

static void put_failures(struct arena *arena, const struct tally *tally, struct strbuf *to) {
    unsigned failed = tally->outcomes[MODEL_FAILED].models, shown = 0;
    if (failed == 0)
        return;
    strbuf_puts(to, "\n### Failed\n\n| model | step | cause |\n| --- | --- | --- |\n");
    for (uint32_t i = 0; i < tally->count && shown < MOST_FAILURES; i++) {
        const struct model_tally *model = &tally->models[i];
        if (model->outcome != MODEL_FAILED)
            continue;
        shown++;
        strbuf_puts(to, "| ");
        put_cell(to, model->model->name);
        strbuf_puts(to, " | ");
        if (model->failure != NULL)
            put_cell(to, tally_step_name(arena, model->failure));
        strbuf_puts(to, " | ");
        put_cell(to, model->cause);
        strbuf_puts(to, " |\n");
    }
    if (failed > shown)
        strbuf_printf(to, "\nand %u more\n", failed - shown);
}

bool tally_write_markdown(struct arena *arena, const struct tally *tally, const char *path,
                          struct diag *diag) {
    struct strbuf text = STRBUF_INIT;
    strbuf_printf(&text, "## zooc: %u of %u models failed\n\n",
                  tally->outcomes[MODEL_FAILED].models, tally->count);
    put_counts(arena, tally, &text);
    strbuf_printf(&text, "\n%.1f s in all.\n", tally->seconds);
    put_failures(arena, tally, &text);
    bool done = outfile_replace(path, text.data, text.length, NULL);
    if (!done)
        diag_report(diag, NULL, OUTPUT_WRITE, path, strerror(errno));
    strbuf_free(&text);
    return done;
}
