// SPDX-License-Identifier: Apache-2.0
#include "compiler/verify/verify.h"

#include <string.h>

#include "compiler/base/strbuf.h"
#include "compiler/verify/feed.h"

struct verify {
    struct arena *arena;
    struct diag *diag;
    const struct verify_job *job;
    struct verify_result *result;
    struct runtime_model *model;
    struct ndarray *outputs; // by port
};

static const char *number(struct verify *v, double value) {
    struct strbuf text = STRBUF_INIT;
    strbuf_float(&text, (float)value);
    const char *copy = arena_strdup(v->arena, text.data);
    strbuf_free(&text);
    return copy;
}

// --- goldens ------------------------------------------------------------------------------------

static int find_output(struct verify *v, const char *name) {
    int index = runtime_find_output(v->model, name);
    const char *colon = strrchr(name, ':');
    if (index < 0 && colon != NULL)
        index =
            runtime_find_output(v->model, arena_strndup(v->arena, name, (size_t)(colon - name)));
    return index;
}

// Outputs that a golden may mean: the one of its name, else those of its size, else all. Of several
// the nearest counts.
static struct verify_output nearest(struct verify *v, const struct golden *g) {
    struct verify_output best = {.name = g->name, .port = ""};
    unsigned count = runtime_output_count(v->model);
    int named = find_output(v, g->name);
    bool same_size = false;
    for (unsigned i = 0; i < count; i++)
        same_size |= v->outputs[i].count == g->count;
    for (unsigned i = 0; i < count; i++) {
        if (named >= 0 ? i != (unsigned)named : same_size && v->outputs[i].count != g->count)
            continue;
        struct difference d = golden_compare(v->arena, &v->outputs[i], g, v->job->rows_alike);
        bool better =
            *best.port == '\0' || (d.comparable && !best.difference.comparable) ||
            (d.comparable == best.difference.comparable && d.relative < best.difference.relative);
        if (better) {
            best.port = runtime_output(v->model, i)->name;
            best.difference = d;
        }
    }
    return best;
}

static void judge_output(struct verify *v, const struct golden *g) {
    struct verify_output o = nearest(v, g);
    struct place place = {.file = v->job->model};
    if (*o.name == '\0') // a lone .npy
        o.name = o.port;
    o.within = o.difference.comparable && o.difference.relative <= v->job->tolerance;
    if (!o.difference.comparable)
        diag_report(v->diag, &place, VERIFY_SHAPE, o.name);
    else if (!o.within)
        diag_report(v->diag, &place, VERIFY_DIFFERS, o.name, number(v, o.difference.relative),
                    number(v, v->job->tolerance));
    v->result->outputs[v->result->output_count++] = o;
}

static bool judge_goldens(struct verify *v) {
    struct ndarray_list arrays;
    struct golden_list goldens;
    if (v->job->golden == NULL)
        return true;
    if (!npy_read(v->arena, v->diag, v->job->golden, &arrays) ||
        !golden_collect(v->arena, v->diag, v->job->golden, &arrays, &goldens))
        return false;
    v->result->outputs = arena_array_of(v->arena, goldens.count + 1, struct verify_output);
    for (size_t i = 0; i < goldens.count; i++)
        judge_output(v, &goldens.items[i]);
    return true;
}

// --- accuracy -----------------------------------------------------------------------------------

static bool judge_accuracy(struct verify *v) {
    struct ndarray_list labels;
    const struct verify_job *job = v->job;
    if (job->labels == NULL)
        return true;
    if (!npy_read(v->arena, v->diag, job->labels, &labels))
        return false;
    // The scores: the output of the first golden, else the model's first.
    int port = v->result->output_count > 0 ? find_output(v, v->result->outputs[0].port) : 0;
    const struct ndarray *scores = &v->outputs[port > 0 ? port : 0];
    uint64_t rows = scores->rank > 0 ? scores->shape[0] : 0;
    if (labels.count == 0 || labels.items[0].count != rows) {
        struct place place = {.file = job->labels};
        diag_report(v->diag, &place, VERIFY_LABELS,
                    (unsigned long long)(labels.count > 0 ? labels.items[0].count : 0),
                    (unsigned long long)rows);
        return false;
    }
    v->result->rows = rows;
    v->result->accuracy = top1_accuracy(v->arena, scores, &labels.items[0]);
    if (job->expected_accuracy >= 0 &&
        v->result->accuracy < job->expected_accuracy - VERIFY_ACCURACY_SLACK) {
        struct place place = {.file = job->model};
        diag_report(v->diag, &place, VERIFY_ACCURACY, number(v, v->result->accuracy),
                    number(v, job->expected_accuracy));
    }
    return true;
}

bool verify_run(struct arena *arena, struct diag *diag, const struct verify_job *job,
                struct verify_result *result) {
    struct verify v = {.arena = arena, .diag = diag, .job = job, .result = result};
    struct ndarray_list inputs;
    *result = (struct verify_result){.accuracy = -1};
    if (!npy_read(arena, diag, job->input, &inputs))
        return false;
    struct runtime *rt = runtime_open(arena, diag, job->library);
    if (rt == NULL)
        return false;
    result->runtime = runtime_version(rt);
    v.model = runtime_load(rt, job->model, job->threads);
    if (v.model == NULL)
        return false;
    v.outputs = arena_array_of(arena, runtime_output_count(v.model) + 1, struct ndarray);
    bool ok = feed_run(arena, diag, v.model, &inputs, v.outputs) && judge_goldens(&v) &&
              judge_accuracy(&v);
    return ok && diag_count(diag, DIAG_FAILED) == 0;
}
