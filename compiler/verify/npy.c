// SPDX-License-Identifier: Apache-2.0
// The .npy format: magic, version, header length, header (a Python dict literal), elements.
#include "compiler/verify/npy.h"

#include <string.h>

#include "compiler/base/checked.h"
#include "compiler/base/limits.h"

struct header {
    const char *text; // cursor into the dict literal
    const char *end;
    char descr[8];
    bool has_descr, has_order, has_shape;
    bool fortran;
    bool big_endian;
    enum dtype type;
    unsigned rank;
    uint64_t shape[NDARRAY_MAX_RANK];
    const char *wrong; // what could not be understood, or NULL
};

static const struct {
    const char code[3];
    enum dtype type;
} type_codes[] = {
    {"f2", DT_F16}, {"f4", DT_F32}, {"f8", DT_F64}, {"i1", DT_I8},  {"i2", DT_I16}, {"i4", DT_I32},
    {"i8", DT_I64}, {"u1", DT_U8},  {"u2", DT_U16}, {"u4", DT_U32}, {"u8", DT_U64}, {"b1", DT_BOOL},
};

static void skip_blanks(struct header *h) {
    while (h->text < h->end && (*h->text == ' ' || *h->text == '\n' || *h->text == '\t'))
        h->text++;
}

static bool take(struct header *h, char c) {
    skip_blanks(h);
    if (h->text == h->end || *h->text != c)
        return false;
    h->text++;
    return true;
}

static bool fail(struct header *h, const char *why) {
    if (h->wrong == NULL)
        h->wrong = why;
    return false;
}

static bool take_string(struct header *h, char *out, size_t size) {
    skip_blanks(h);
    if (h->text == h->end || (*h->text != '\'' && *h->text != '"'))
        return fail(h, "a string is expected in the header");
    char quote = *h->text++;
    size_t n = 0;
    while (h->text < h->end && *h->text != quote) {
        if (n + 1 >= size)
            return fail(h, "a string in the header is too long");
        out[n++] = *h->text++;
    }
    if (h->text == h->end)
        return fail(h, "a string in the header does not end");
    h->text++;
    out[n] = '\0';
    return true;
}

static bool take_bool(struct header *h, bool *out) {
    skip_blanks(h);
    size_t left = (size_t)(h->end - h->text);
    *out = left >= 4 && memcmp(h->text, "True", 4) == 0;
    if (!*out && (left < 5 || memcmp(h->text, "False", 5) != 0))
        return fail(h, "'fortran_order' is neither True nor False");
    h->text += *out ? 4 : 5;
    return true;
}

static bool take_number(struct header *h, uint64_t *out) {
    skip_blanks(h);
    const char *start = h->text;
    *out = 0;
    for (; h->text < h->end && *h->text >= '0' && *h->text <= '9'; h->text++)
        if (!checked_mul(*out, 10, out) || !checked_add(*out, (uint64_t)(*h->text - '0'), out))
            return fail(h, "a dimension is too large");
    if (h->text == start)
        return fail(h, "a dimension is no number");
    if (h->text < h->end && *h->text == 'L') // written by Python 2
        h->text++;
    return true;
}

static bool take_shape(struct header *h) {
    if (!take(h, '('))
        return fail(h, "'shape' is no tuple");
    while (!take(h, ')')) {
        if (h->rank == NDARRAY_MAX_RANK)
            return fail(h, "the array has too many dimensions");
        if (!take_number(h, &h->shape[h->rank++]))
            return false;
        if (!take(h, ',') && !(h->text < h->end && *h->text == ')'))
            return fail(h, "'shape' is no tuple");
    }
    return true;
}

static bool take_type(struct header *h) {
    skip_blanks(h);
    if (h->text < h->end && *h->text == '[')
        return fail(h, "records are not supported");
    if (!take_string(h, h->descr, sizeof(h->descr)))
        return false;
    const char *code = h->descr;
    if (strchr("<>=|", *code) != NULL && *code != '\0')
        code++;
    for (size_t i = 0; i < sizeof(type_codes) / sizeof(type_codes[0]); i++)
        if (strcmp(code, type_codes[i].code) == 0)
            h->type = type_codes[i].type;
    h->big_endian = h->descr[0] == '>';
    return h->type != DT_UNKNOWN || fail(h, "its element type is not supported");
}

static bool take_entry(struct header *h) {
    char key[16];
    if (!take_string(h, key, sizeof(key)))
        return false;
    if (!take(h, ':'))
        return fail(h, "':' is expected in the header");
    bool *seen = strcmp(key, "descr") == 0           ? &h->has_descr
                 : strcmp(key, "fortran_order") == 0 ? &h->has_order
                 : strcmp(key, "shape") == 0         ? &h->has_shape
                                                     : NULL;
    if (seen == NULL || *seen)
        return fail(h, seen == NULL ? "the header has an unknown key" : "a key stands twice");
    *seen = true;
    if (seen == &h->has_descr)
        return take_type(h);
    return seen == &h->has_order ? take_bool(h, &h->fortran) : take_shape(h);
}

static bool take_header(struct header *h) {
    if (!take(h, '{'))
        return fail(h, "the header is no dictionary");
    while (!take(h, '}')) {
        if (!take_entry(h))
            return false;
        skip_blanks(h);
        if (!take(h, ',') && !(h->text < h->end && *h->text == '}'))
            return fail(h, "the header is no dictionary");
    }
    if (!h->has_descr || !h->has_order || !h->has_shape)
        return fail(h, "the header lacks 'descr', 'fortran_order' or 'shape'");
    return true;
}

static bool open_header(struct slice *bytes, struct header *h) {
    uint8_t major, minor;
    uint16_t length16 = 0;
    uint32_t length = 0;
    struct slice text;
    if (!slice_starts(*bytes, "\x93NUMPY"))
        return fail(h, "it does not begin with NumPy's magic bytes");
    slice_advance(bytes, 6);
    bool known = slice_u8(bytes, &major) && slice_u8(bytes, &minor) && major >= 1 && major <= 3;
    if (!known)
        return fail(h, "its format version is unknown");
    bool ok = major == 1 ? slice_u16le(bytes, &length16) : slice_u32le(bytes, &length);
    if (!ok || !slice_take(bytes, major == 1 ? length16 : length, &text))
        return fail(h, "its header is cut short");
    h->text = (const char *)text.data;
    h->end = h->text + text.size;
    return take_header(h);
}

// Elements in row-major order and in this machine's byte order.
static void reorder(const struct header *h, const uint8_t *from, uint8_t *to, uint64_t count) {
    size_t size = dtype_size(h->type);
    uint64_t index[NDARRAY_MAX_RANK] = {0}, step[NDARRAY_MAX_RANK];
    uint64_t stride = 1;
    for (unsigned d = 0; d < h->rank; d++) {
        unsigned axis = h->fortran ? d : h->rank - 1 - d;
        step[axis] = stride;
        stride *= h->shape[axis];
    }
    uint64_t at = 0;
    for (uint64_t i = 0; i < count; i++) {
        for (size_t b = 0; b < size; b++)
            to[i * size + b] = from[at * size + (h->big_endian ? size - 1 - b : b)];
        for (unsigned d = h->rank; d-- > 0;) {
            at += step[d];
            if (++index[d] < h->shape[d])
                break;
            at -= step[d] * h->shape[d];
            index[d] = 0;
        }
    }
}

static bool total_size(struct header *h, uint64_t *count, uint64_t *bytes) {
    *count = 1;
    for (unsigned d = 0; d < h->rank; d++)
        if (!checked_mul(*count, h->shape[d], count))
            return fail(h, "its size is beyond all limits");
    if (!checked_mul(*count, dtype_size(h->type), bytes) || *bytes > limits.tensor_bytes)
        return fail(h, "its size is beyond the limit of a tensor");
    return true;
}

bool npy_parse(struct arena *arena, struct diag *diag, const struct place *at, struct slice bytes,
               struct ndarray *out) {
    struct header h = {.text = NULL};
    uint64_t count = 0, size = 0;
    bool ok = open_header(&bytes, &h) && total_size(&h, &count, &size);
    if (ok && bytes.size < size)
        ok = fail(&h, "its elements are cut short");
    if (!ok) {
        diag_report(diag, at, MALFORMED, "NumPy array", h.wrong);
        return false;
    }
    *out = (struct ndarray){.name = "", .type = h.type, .rank = h.rank, .count = count};
    memcpy(out->shape, h.shape, sizeof(h.shape));
    out->data = bytes.data;
    if ((h.fortran && h.rank > 1) || (h.big_endian && dtype_size(h.type) > 1)) {
        uint8_t *data = arena_alloc(arena, size);
        reorder(&h, bytes.data, data, count);
        out->data = data;
    }
    return true;
}

const struct ndarray *ndarray_find(const struct ndarray_list *list, const char *name) {
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0)
            return &list->items[i];
    return NULL;
}

uint64_t ndarray_bytes(const struct ndarray *a) {
    return a->count * dtype_size(a->type);
}

double *ndarray_doubles(struct arena *arena, const struct ndarray *a) {
    double *out = arena_array_of(arena, a->count, double);
    dtype_convert(a->type, a->data, DT_F64, out, a->count);
    return out;
}
