// SPDX-License-Identifier: Apache-2.0
#include "compiler/verify/compare.h"

#include <math.h>
#include <string.h>

#include "compiler/base/checked.h"

enum { DETECTION = 7, LABEL = 1 };

static double distance(double got, double want) {
    if (got == want || (isnan(got) && isnan(want)))
        return 0;
    double d = fabs(got - want);
    return isnan(d) ? (double)INFINITY : d;
}

// --- goldens ------------------------------------------------------------------------------------

static const struct ndarray *part(struct arena *arena, const struct ndarray_list *arrays,
                                  const char *name, const char *suffix) {
    return ndarray_find(arrays, arena_printf(arena, "%s@%s", name, suffix));
}

// Negative ones become too large ones.
static uint64_t *as_positions(struct arena *arena, const struct ndarray *a) {
    uint64_t *out = arena_array_of(arena, a->count, uint64_t);
    for (uint64_t i = 0; i < a->count; i++)
        out[i] = (uint64_t)dtype_load_i64(a->type, a->data, i);
    return out;
}

// Fills in a golden whose samples are given; NULL, or what does not fit.
static const char *collect_samples(struct arena *arena, const struct ndarray_list *arrays,
                                   const struct ndarray *index, struct golden *g) {
    const struct ndarray *value = part(arena, arrays, g->name, "value");
    const struct ndarray *shape = part(arena, arrays, g->name, "shape");
    if (value == NULL || shape == NULL)
        return "samples lack their values or their shape";
    if (shape->count > NDARRAY_MAX_RANK || value->count != index->count)
        return "samples and their values differ in number";
    g->rank = (unsigned)shape->count;
    const uint64_t *dims = as_positions(arena, shape);
    g->count = 1;
    for (unsigned d = 0; d < g->rank; d++) {
        g->shape[d] = dims[d];
        if (!checked_mul(g->count, dims[d], &g->count))
            return "its shape is beyond all limits";
    }
    g->samples = index->count;
    g->index = as_positions(arena, index);
    g->value = ndarray_doubles(arena, value);
    for (uint64_t i = 0; i < g->samples; i++)
        if (g->index[i] >= g->count)
            return "a sample stands outside its array";
    return NULL;
}

static void collect_whole(struct arena *arena, const struct ndarray *a, struct golden *g) {
    g->rank = a->rank;
    memcpy(g->shape, a->shape, sizeof(g->shape));
    g->count = g->samples = a->count;
    g->value = ndarray_doubles(arena, a);
}

bool golden_collect(struct arena *arena, struct diag *diag, const char *path,
                    const struct ndarray_list *arrays, struct golden_list *out) {
    *out = (struct golden_list){.items = arena_array_of(arena, arrays->count + 1, struct golden)};
    for (size_t i = 0; i < arrays->count; i++) {
        const struct ndarray *a = &arrays->items[i];
        struct golden *g = &out->items[out->count];
        const char *at = strrchr(a->name, '@');
        const char *wrong = NULL;
        if (at != NULL && strcmp(at, "@index") == 0) {
            g->name = arena_strndup(arena, a->name, (size_t)(at - a->name));
            wrong = collect_samples(arena, arrays, a, g);
        } else if (at != NULL && (strcmp(at, "@value") == 0 || strcmp(at, "@shape") == 0)) {
            continue;
        } else {
            g->name = a->name;
            collect_whole(arena, a, g);
        }
        if (wrong != NULL) {
            struct place place = {.file = path, .layer = a->name};
            diag_report(diag, &place, MALFORMED, "golden", wrong);
            return false;
        }
        out->count++;
    }
    return true;
}

// --- plain arrays -------------------------------------------------------------------------------

struct walk { // where element i of the golden stands in the array that was computed
    bool direct;
    uint64_t shape[4], step[4]; // of the golden's order, by axis
};

static struct walk walk_permuted(const struct ndarray *got, const unsigned order[4]) {
    uint64_t step[4] = {0};
    struct walk w = {.direct = false};
    uint64_t stride = 1;
    for (unsigned d = 4; d-- > 0;) {
        step[d] = stride;
        stride *= got->shape[d];
    }
    for (unsigned d = 0; d < 4; d++) {
        w.shape[d] = got->shape[order[d]];
        w.step[d] = step[order[d]];
    }
    return w;
}

static uint64_t walk_to(const struct walk *w, uint64_t i) {
    if (w->direct)
        return i;
    uint64_t at = 0;
    for (unsigned d = 4; d-- > 0;) {
        at += i % w->shape[d] * w->step[d];
        i /= w->shape[d];
    }
    return at;
}

static double worst(const double *got, const struct golden *want, const struct walk *w) {
    double most = 0;
    for (uint64_t i = 0; i < want->samples; i++) {
        uint64_t at = want->index != NULL ? want->index[i] : i;
        double d = distance(got[walk_to(w, at)], want->value[i]);
        if (d > most)
            most = d;
    }
    return most;
}

static double largest(const struct golden *want) {
    double most = 0;
    for (uint64_t i = 0; i < want->samples; i++)
        if (isfinite(want->value[i]) && fabs(want->value[i]) > most)
            most = fabs(want->value[i]);
    return most;
}

static struct difference compare_plain(const double *got, const struct ndarray *array,
                                       const struct golden *want) {
    static const unsigned orders[][4] = {{0, 2, 3, 1}, {0, 3, 1, 2}};
    struct difference d = {.compared = want->samples, .largest = largest(want)};
    if (array->count != want->count)
        return d;
    struct walk same = {.direct = true};
    d.comparable = true;
    d.absolute = worst(got, want, &same);
    for (unsigned i = 0; array->rank == 4 && array->count > 0 && i < 2; i++) {
        struct walk w = walk_permuted(array, orders[i]);
        d.absolute = fmin(d.absolute, worst(got, want, &w));
    }
    d.relative = d.absolute / fmax(1e-6, d.largest);
    return d;
}

// --- detections ---------------------------------------------------------------------------------

static bool holds_detections(unsigned rank, const uint64_t *shape) {
    return rank == 4 && shape[0] == 1 && shape[1] == 1 && shape[3] == DETECTION;
}

// Rows before the mark (image -1) that ends the list.
static uint64_t detection_count(const double *rows, uint64_t count) {
    uint64_t n = 0;
    while (n < count && rows[n * DETECTION] >= 0)
        n++;
    return n;
}

static double row_distance(const double *a, const double *b) {
    double most = 0;
    for (int i = 0; i < DETECTION; i++)
        most = fmax(most, distance(a[i], b[i]));
    return most;
}

// Each golden row takes the nearest row of its label that is still free.
static double match_rows(struct arena *arena, const double *got, const double *want, uint64_t n) {
    bool *taken = arena_array_of(arena, n, bool);
    double most = 0;
    for (uint64_t i = 0; i < n; i++) {
        const double *row = want + i * DETECTION;
        double best = (double)INFINITY;
        uint64_t at = n;
        for (uint64_t j = 0; j < n; j++) {
            const double *other = got + j * DETECTION;
            if (taken[j] || other[LABEL] != row[LABEL])
                continue;
            double d = row_distance(other, row);
            if (at == n || d < best) {
                best = d;
                at = j;
            }
        }
        if (at == n)
            return (double)INFINITY;
        taken[at] = true;
        most = fmax(most, best);
    }
    return most;
}

static struct difference compare_detections(struct arena *arena, const double *got,
                                            const struct ndarray *array,
                                            const struct golden *want) {
    uint64_t have = detection_count(got, array->shape[2]);
    uint64_t need = detection_count(want->value, want->shape[2]);
    struct difference d = {.comparable = true, .compared = need, .largest = largest(want)};
    d.absolute = have == need ? match_rows(arena, got, want->value, need) : (double)INFINITY;
    d.relative = d.absolute;
    return d;
}

struct difference golden_compare(struct arena *arena, const struct ndarray *got,
                                 const struct golden *want) {
    const double *values = ndarray_doubles(arena, got);
    if (want->index == NULL && holds_detections(want->rank, want->shape) &&
        holds_detections(got->rank, got->shape))
        return compare_detections(arena, values, got, want);
    return compare_plain(values, got, want);
}

double top1_accuracy(struct arena *arena, const struct ndarray *scores,
                     const struct ndarray *labels) {
    uint64_t rows = scores->rank > 0 ? scores->shape[0] : 0;
    if (rows == 0 || labels->count != rows)
        return 0;
    const double *score = ndarray_doubles(arena, scores);
    uint64_t width = scores->count / rows, right = 0;
    for (uint64_t r = 0; r < rows; r++) {
        uint64_t best = 0;
        for (uint64_t i = 1; i < width; i++)
            if (score[r * width + i] > score[r * width + best])
                best = i;
        right += dtype_load_i64(labels->type, labels->data, r) == (int64_t)best;
    }
    return (double)right / (double)rows;
}
