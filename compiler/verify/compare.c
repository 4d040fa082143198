// SPDX-License-Identifier: Apache-2.0
#include "compiler/verify/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/checked.h"

// A detection is [image, label, score, box]; MXNet leaves out the image.
enum { DETECTION = 7, WITHOUT_IMAGE = 6 };

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

// --- rows ---------------------------------------------------------------------------------------

struct rows {
    const double *data;
    uint64_t count, width;
    bool labelled; // the first element of two rows must be equal
};

static double row_distance(const struct rows *a, uint64_t i, const struct rows *b, uint64_t j) {
    const double *x = a->data + i * a->width, *y = b->data + j * b->width;
    double most = 0;
    if (a->labelled && x[0] != y[0])
        return (double)INFINITY;
    for (uint64_t k = 0; k < a->width; k++)
        most = fmax(most, distance(x[k], y[k]));
    return most;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

// Sorts distances; the largest of the best `share` of them.
static double best_share(double *distances, uint64_t count, double share) {
    qsort(distances, count, sizeof(double), by_value);
    uint64_t needed = (uint64_t)ceil(share * (double)count);
    return needed > 0 ? distances[needed - 1] : 0;
}

// Gives each golden row that has no partner yet the nearest row that is free, within `reach`.
static void pair_rows(const struct rows *got, bool *taken, const struct rows *want, bool *paired,
                      double *distances, double reach) {
    for (uint64_t i = 0; i < want->count; i++) {
        uint64_t best = got->count;
        double least = (double)INFINITY;
        for (uint64_t j = 0; j < got->count && !paired[i]; j++) {
            double d = taken[j] ? (double)INFINITY : row_distance(got, j, want, i);
            if (d < least) {
                least = d;
                best = j;
            }
        }
        if (best < got->count && least <= reach) {
            taken[best] = paired[i] = true;
            distances[i] = least;
        }
    }
}

// The largest distance of the best `share` of the rows. Near rows are paired first, so that a row
// without a partner takes none from a row that has one. A row too many or too few is infinitely
// far.
static double match_rows(struct arena *arena, const struct rows *got, const struct rows *want,
                         double size, double share) {
    static const double reaches[] = {1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1e300};
    uint64_t total = got->count > want->count ? got->count : want->count;
    bool *taken = arena_array_of(arena, got->count + 1, bool);
    bool *paired = arena_array_of(arena, want->count + 1, bool);
    double *distances = arena_array_of(arena, total + 1, double);
    for (uint64_t i = 0; i < total; i++)
        distances[i] = (double)INFINITY;
    for (size_t i = 0; i < sizeof(reaches) / sizeof(reaches[0]); i++)
        pair_rows(got, taken, want, paired, distances, reaches[i] * size);
    return best_share(distances, total, share);
}

// The largest distance of the best `share` of rows to their nearest among `others`.
static double farthest(struct arena *arena, const struct rows *rows, const struct rows *others,
                       double share) {
    double *distances = arena_array_of(arena, rows->count + 1, double);
    for (uint64_t i = 0; i < rows->count; i++) {
        distances[i] = (double)INFINITY;
        for (uint64_t j = 0; j < others->count; j++)
            distances[i] = fmin(distances[i], row_distance(others, j, rows, i));
    }
    return best_share(distances, rows->count, share);
}

// Columns of an array of detections, 0 when it is none.
static uint64_t detection_width(unsigned rank, const uint64_t *shape) {
    if (rank == 4 && shape[0] == 1 && shape[1] == 1 && shape[3] == DETECTION)
        return DETECTION;
    return rank == 3 && shape[0] == 1 && shape[2] == WITHOUT_IMAGE ? WITHOUT_IMAGE : 0;
}

// Rows [label, score, box]. An image of -1 ends the list, a label of -1 is a box that was dropped.
static struct rows detections(struct arena *arena, const double *data, uint64_t count,
                              uint64_t width) {
    struct rows rows = {.width = WITHOUT_IMAGE, .labelled = true};
    double *kept = arena_array_of(arena, count * WITHOUT_IMAGE + 1, double);
    for (uint64_t i = 0; i < count && (width == WITHOUT_IMAGE || data[i * width] >= 0); i++) {
        const double *row = data + (i + 1) * width - WITHOUT_IMAGE;
        if (row[0] >= 0)
            memcpy(kept + rows.count++ * WITHOUT_IMAGE, row, WITHOUT_IMAGE * sizeof(double));
    }
    rows.data = kept;
    return rows;
}

static struct difference compare_detections(struct arena *arena, const double *got,
                                            const struct ndarray *array, const struct golden *want,
                                            double share) {
    uint64_t have_width = detection_width(array->rank, array->shape);
    uint64_t need_width = detection_width(want->rank, want->shape);
    struct rows have = detections(arena, got, array->count / have_width, have_width);
    struct rows need = detections(arena, want->value, want->count / need_width, need_width);
    struct difference d = {.comparable = true, .compared = need.count, .largest = largest(want)};
    d.relative = d.absolute = match_rows(arena, &have, &need, 1, share);
    return d;
}

static struct difference compare_rows(struct arena *arena, const double *got,
                                      const struct ndarray *array, const struct golden *want,
                                      double share) {
    uint64_t width = want->shape[want->rank - 1];
    struct difference d = {.compared = want->count, .largest = largest(want)};
    if (array->rank == 0 || array->shape[array->rank - 1] != width || width == 0)
        return d;
    struct rows have = {.data = got, .count = array->count / width, .width = width};
    struct rows need = {.data = want->value, .count = want->count / width, .width = width};
    d.comparable = true;
    // Rows may be there several times, another number of times: each needs its like on the other
    // side.
    d.absolute = fmax(farthest(arena, &need, &have, share), farthest(arena, &have, &need, share));
    d.relative = d.absolute / fmax(1e-6, d.largest);
    return d;
}

struct difference golden_compare(struct arena *arena, const struct ndarray *got,
                                 const struct golden *want, double share) {
    const double *values = ndarray_doubles(arena, got);
    bool whole = want->index == NULL;
    if (whole && got->rank == 4 && detection_width(got->rank, got->shape) > 0 &&
        detection_width(want->rank, want->shape) > 0)
        return compare_detections(arena, values, got, want, share);
    if (whole && share < 1 && want->rank >= 2)
        return compare_rows(arena, values, got, want, share);
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
