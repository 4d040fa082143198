// SPDX-License-Identifier: Apache-2.0
#include "compiler/verify/feed.h"

#include <inttypes.h>
#include <string.h>

#include "compiler/base/strbuf.h"

struct feed {
    struct arena *arena;
    struct diag *diag;
    struct runtime_model *model;
    struct ndarray *inputs; // by port, in the port's layout and type, all rows
    uint64_t batch, rows;   // of axis 0; both 0 when one inference takes everything
};

// --- which array for which input ----------------------------------------------------------------

// A source name `tensor:0` may have lost its port number.
static int find_input(struct feed *f, const char *name) {
    int index = runtime_find_input(f->model, name);
    const char *colon = strrchr(name, ':');
    if (index < 0 && colon != NULL)
        index = runtime_find_input(f->model, arena_strndup(f->arena, name, (size_t)(colon - name)));
    return index;
}

static bool assign(struct feed *f, const struct ndarray_list *arrays,
                   const struct ndarray **chosen) {
    unsigned count = runtime_input_count(f->model);
    bool *used = arena_array_of(f->arena, arrays->count + 1, bool);
    for (size_t k = 0; k < arrays->count; k++) {
        int index = find_input(f, arrays->items[k].name);
        if (index >= 0 && chosen[index] == NULL) {
            chosen[index] = &arrays->items[k];
            used[k] = true;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        for (size_t k = 0; k < arrays->count && chosen[i] == NULL; k++)
            if (!used[k]) {
                chosen[i] = &arrays->items[k];
                used[k] = true;
            }
        if (chosen[i] == NULL) {
            diag_report(f->diag, NULL, VERIFY_NO_ARRAY, runtime_input(f->model, i)->name);
            return false;
        }
    }
    return true;
}

// --- layout and type ----------------------------------------------------------------------------

static const unsigned layouts[][4] = {{0, 1, 2, 3}, {0, 3, 1, 2}, {0, 2, 3, 1}};

// Does the array with its axes in `order` (NULL: as it is) fit the port from axis `from` on?
static bool fits(const struct ndarray *a, const unsigned *order, const struct runtime_port *port,
                 unsigned from) {
    if (a->rank != port->rank)
        return false;
    for (unsigned d = from; d < a->rank; d++) {
        uint64_t size = a->shape[order != NULL ? order[d] : d];
        if (port->shape[d] >= 0 && (uint64_t)port->shape[d] != size)
            return false;
    }
    return true;
}

static void permute(struct arena *arena, struct ndarray *a, const unsigned order[4]) {
    size_t size = dtype_size(a->type);
    uint64_t step[4], shape[4], stride = 1;
    for (unsigned d = 4; d-- > 0;) {
        step[d] = stride;
        stride *= a->shape[d];
    }
    for (unsigned d = 0; d < 4; d++)
        shape[d] = a->shape[order[d]];
    uint8_t *out = arena_alloc(arena, ndarray_bytes(a));
    for (uint64_t i = 0; i < a->count; i++) {
        uint64_t at = 0, rest = i;
        for (unsigned d = 4; d-- > 0;) {
            at += rest % shape[d] * step[order[d]];
            rest /= shape[d];
        }
        memcpy(out + i * size, a->data + at * size, size);
    }
    memcpy(a->shape, shape, sizeof(shape));
    a->data = out;
}

static void set_type(struct arena *arena, struct ndarray *a, enum dtype type) {
    if (a->type == type)
        return;
    uint8_t *out = arena_array(arena, a->count, dtype_size(type));
    dtype_convert(a->type, a->data, type, out, a->count);
    a->type = type;
    a->data = out;
}

// Takes the port's shape where the number of elements is the same.
static bool reshape(struct ndarray *a, const struct runtime_port *port) {
    uint64_t count = 1;
    for (unsigned d = 0; d < port->rank; d++)
        count *= port->shape[d] < 0 ? 1 : (uint64_t)port->shape[d];
    if (count != a->count)
        return false;
    a->rank = port->rank;
    for (unsigned d = 0; d < port->rank; d++)
        a->shape[d] = port->shape[d] < 0 ? 1 : (uint64_t)port->shape[d];
    return true;
}

static bool arrange(struct feed *f, struct ndarray *a, const struct runtime_port *port) {
    for (unsigned from = 0; from < 2; from++) {
        if (fits(a, NULL, port, from))
            return true;
        for (size_t i = 1; a->rank == 4 && i < sizeof(layouts) / sizeof(layouts[0]); i++)
            if (fits(a, layouts[i], port, from)) {
                permute(f->arena, a, layouts[i]);
                return true;
            }
        if (from == 0 && reshape(a, port))
            return true;
    }
    return false;
}

static const char *shape_text(struct arena *arena, const struct ndarray *a) {
    struct strbuf text = STRBUF_INIT;
    for (unsigned d = 0; d < a->rank; d++)
        strbuf_printf(&text, "%s%" PRIu64, d > 0 ? "," : "", a->shape[d]);
    const char *copy = arena_printf(arena, "[%s]", text.data);
    strbuf_free(&text);
    return copy;
}

static bool refuse(struct feed *f, const struct runtime_port *port, const struct ndarray *a) {
    diag_report(f->diag, NULL, VERIFY_INPUT, port->name, shape_text(f->arena, a));
    return false;
}

// More rows than the batch: every input must then have the same number of both.
static bool count_rows(struct feed *f, const struct ndarray *a, const struct runtime_port *port,
                       unsigned index) {
    uint64_t batch = 0, rows = 0;
    if (port->rank > 0 && port->shape[0] > 0 && (uint64_t)port->shape[0] != a->shape[0]) {
        batch = (uint64_t)port->shape[0];
        rows = a->shape[0];
    }
    if (index > 0 && (batch != f->batch || rows != f->rows))
        return refuse(f, port, a);
    f->batch = batch;
    f->rows = rows;
    return true;
}

static bool prepare(struct feed *f, const struct ndarray_list *arrays) {
    unsigned count = runtime_input_count(f->model);
    const struct ndarray **chosen = arena_array_of(f->arena, count + 1, const struct ndarray *);
    f->inputs = arena_array_of(f->arena, count + 1, struct ndarray);
    if (!assign(f, arrays, chosen))
        return false;
    for (unsigned i = 0; i < count; i++) {
        const struct runtime_port *port = runtime_input(f->model, i);
        struct ndarray *a = &f->inputs[i];
        *a = *chosen[i];
        if (!arrange(f, a, port))
            return refuse(f, port, a);
        set_type(f->arena, a, port->type);
        if (!count_rows(f, a, port, i))
            return false;
    }
    return true;
}

// --- running ------------------------------------------------------------------------------------

// Rows [first, first + batch) of an array; rows after its last are zeros.
static struct ndarray cut_rows(struct arena *arena, const struct ndarray *a, uint64_t first,
                               uint64_t batch) {
    struct ndarray part = *a;
    uint64_t row = ndarray_bytes(a) / a->shape[0];
    uint64_t have = a->shape[0] - first < batch ? a->shape[0] - first : batch;
    uint8_t *data = arena_alloc(arena, batch * row);
    memcpy(data, a->data + first * row, have * row);
    part.shape[0] = batch;
    part.count = a->count / a->shape[0] * batch;
    part.data = data;
    return part;
}

static bool keep_rows(struct feed *f, const struct ndarray *part, uint64_t first,
                      struct ndarray *whole) {
    if (part->rank == 0 || part->shape[0] != f->batch) {
        diag_report(f->diag, NULL, VERIFY_ROWS, part->name, shape_text(f->arena, part));
        return false;
    }
    uint64_t row = ndarray_bytes(part) / f->batch;
    if (first == 0) {
        *whole = *part;
        whole->shape[0] = f->rows;
        whole->count = part->count / f->batch * f->rows;
        whole->data = arena_alloc(f->arena, row * f->rows);
    }
    uint64_t have = f->rows - first < f->batch ? f->rows - first : f->batch;
    memcpy((uint8_t *)(uintptr_t)whole->data + first * row, part->data, have * row);
    return true;
}

static bool run_part(struct feed *f, struct arena *scratch, uint64_t first,
                     struct ndarray *outputs) {
    unsigned inputs = runtime_input_count(f->model), count = runtime_output_count(f->model);
    struct ndarray *in = arena_array_of(scratch, inputs + 1, struct ndarray);
    struct ndarray *out = arena_array_of(scratch, count + 1, struct ndarray);
    for (unsigned i = 0; i < inputs; i++)
        in[i] = cut_rows(scratch, &f->inputs[i], first, f->batch);
    if (!runtime_infer(f->model, in, scratch, out))
        return false;
    for (unsigned i = 0; i < count; i++)
        if (!keep_rows(f, &out[i], first, &outputs[i]))
            return false;
    return true;
}

bool feed_run(struct arena *arena, struct diag *diag, struct runtime_model *model,
              const struct ndarray_list *arrays, struct ndarray *outputs) {
    struct feed f = {.arena = arena, .diag = diag, .model = model};
    if (!prepare(&f, arrays))
        return false;
    if (f.batch == 0)
        return runtime_infer(model, f.inputs, arena, outputs);
    bool ok = true;
    for (uint64_t first = 0; ok && first < f.rows; first += f.batch) {
        struct arena *scratch = arena_new();
        ok = run_part(&f, scratch, first, outputs);
        arena_free(scratch);
    }
    return ok;
}
