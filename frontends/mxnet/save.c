// SPDX-License-Identifier: Apache-2.0
#include "frontends/mxnet/save.h"

#include <errno.h>
#include <string.h>

#include "compiler/base/outfile.h"
#include "frontends/mxnet/number.h"

static void put_u32(struct outfile *f, uint32_t value) {
    uint8_t bytes[4];
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    outfile_write(f, bytes, sizeof bytes);
}

static void put_u64(struct outfile *f, uint64_t value) {
    put_u32(f, (uint32_t)value);
    put_u32(f, (uint32_t)(value >> 32));
}

static void put_data(struct outfile *f, const struct tensor *t) {
    struct slice bytes;
    uint8_t block[4096];
    uint64_t step = sizeof block / dtype_size(t->type), count = tensor_count(t);
    if (tensor_direct(t, &bytes)) {
        outfile_write(f, bytes.data, bytes.size);
        return;
    }
    for (uint64_t first = 0; first < count; first += step) {
        uint64_t n = count - first < step ? count - first : step;
        tensor_read(t, first, n, block);
        outfile_write(f, block, n * dtype_size(t->type));
    }
}

// An array without data is a V2 array of no dimensions: nothing follows its shape.
static void put_array(struct outfile *f, const struct tensor *t) {
    put_u32(f, MXNET_MAGIC_V2);
    put_u32(f, 0); // dense
    put_u32(f, t == NULL ? 0 : (uint32_t)t->shape.rank);
    if (t == NULL)
        return;
    for (int32_t i = 0; i < t->shape.rank; i++)
        put_u64(f, (uint64_t)t->shape.dims[i]);
    put_u32(f, 1); // the CPU
    put_u32(f, 0);
    put_u32(f, mxnet_type_number(t->type));
    put_data(f, t);
}

static void put_name(struct outfile *f, const struct mxnet_array *array) {
    put_u64(f, strlen(array->name) + 4);
    outfile_puts(f, array->auxiliary ? "aux:" : "arg:");
    outfile_puts(f, array->name);
}

static void put_container(struct outfile *f, const struct mxnet_params *params) {
    put_u64(f, MXNET_CONTAINER_MAGIC);
    put_u64(f, 0);
    for (int names = 0; names < 2; names++) {
        put_u64(f, params->count);
        for (int aux = 0; aux < 2; aux++)
            for (uint64_t i = 0; i < params->count; i++) {
                if (params->arrays[i].auxiliary != (aux == 1))
                    continue;
                if (names)
                    put_name(f, &params->arrays[i]);
                else
                    put_array(f, params->arrays[i].tensor);
            }
    }
}

bool mxnet_save_params(struct diag *diag, const char *path, const struct mxnet_params *params) {
    struct outset *set = outset_new();
    struct outfile *f = outset_open(set, path);
    if (f == NULL) {
        diag_report(diag, NULL, OUTPUT_WRITE, path, strerror(errno));
        outset_abort(set);
        return false;
    }
    put_container(f, params);
    if (outset_commit(set, NULL))
        return true;
    diag_report(diag, NULL, OUTPUT_WRITE, path, strerror(errno));
    return false;
}
