// SPDX-License-Identifier: Apache-2.0
// The OpenVINO runtime through its C library, opened with dlopen: zooc neither links nor needs it
// except to verify.
//
// Everything belongs to the arena; closing the arena closes models and runtime (the library itself
// stays loaded).
#ifndef ZOOC_RUNTIME_H
#define ZOOC_RUNTIME_H

#include "compiler/verify/npy.h"

struct runtime;
struct runtime_model;

struct runtime_port {
    const char *name; // one of its tensor names; "" when it has none
    enum dtype type;
    unsigned rank;
    int64_t shape[NDARRAY_MAX_RANK]; // -1: not known before it runs
};

// Looks in `library` (a file or a folder; NULL: the environment variable ZOOC_OPENVINO), then in
// the virtual environment that `make setup` makes, then where the system's loader looks. NULL after
// a report.
struct runtime *runtime_open(struct arena *arena, struct diag *diag, const char *library);
const char *runtime_version(const struct runtime *rt);

// Reads and compiles an IR for the CPU, computing in float32 with `threads` threads (0: all). NULL
// after a report.
struct runtime_model *runtime_load(struct runtime *rt, const char *xml, unsigned threads);

unsigned runtime_input_count(const struct runtime_model *m);
unsigned runtime_output_count(const struct runtime_model *m);
const struct runtime_port *runtime_input(const struct runtime_model *m, unsigned index);
const struct runtime_port *runtime_output(const struct runtime_model *m, unsigned index);
// The port that has `name` among its tensor names, or -1.
int runtime_find_input(const struct runtime_model *m, const char *name);
int runtime_find_output(const struct runtime_model *m, const char *name);

// One array per input, of its port's type; outputs are copied into `arena`. False after a report.
bool runtime_infer(struct runtime_model *m, const struct ndarray *inputs, struct arena *arena,
                   struct ndarray *outputs);

#endif
