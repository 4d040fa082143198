// SPDX-License-Identifier: Apache-2.0
// A test case of tests/topologies, remade from its recipe: the model without its weights, and the
// names, shapes and ranges from which compiler/verify/fill.h computes them again.
//
// Members of the archive (tests/topologies/README.md):
//   case.json       framework, files, options of the conversion, inputs
//   weights.json    tensors: name, shape, offset, scale; with "file" and "at" where the payload
//   stands NAME.stripped   NAME without those payloads NAME.consts     a TensorFlow graph whose
//   Const nodes named in weights.json are empty input.npz       inputs that no rule makes;
//   golden.npz, mo2018.tsv and the rest: as they are
#ifndef ZOOC_TESTS_RECIPE_H
#define ZOOC_TESTS_RECIPE_H

#include <json-c/json.h>
#include <stdio.h>

#include "tests/tools/parts/bundle.h"

struct recipe {
    struct arena *arena;
    struct bundle bundle;
    struct json_object *json;    // case.json
    struct json_object *tensors; // array of weights.json
    const char *name, *framework;
    const char *model;      // file name of the model, or NULL when the options name it
    const char *extensions; // what {extensions} means in the options, or NULL
    uint64_t seed;
    uint64_t weight_bytes; // of all filled tensors together
};

// NULL on success, else what is wrong. The arena owns everything.
const char *recipe_read(struct arena *arena, const char *path, struct recipe *out);

// Writes the whole case into folder `dir`, which exists: the model's files, input.npz, golden.npz.
// Weights are streamed, never held as a whole.
const char *recipe_remake(struct recipe *recipe, const char *dir);

// Options of the conversion with {dir} and {extensions} replaced; ends with NULL.
const char **recipe_options(struct recipe *recipe, const char *dir, size_t *count);

// --- for the parts that write a case's files ---

struct names;

uint64_t recipe_elements(struct json_object *tensor);
// Tensors of weights.json by name.
struct names *recipe_tensors(const struct recipe *recipe);
// Streams the values of one of them.
bool recipe_write_tensor(FILE *to, const struct recipe *recipe, struct json_object *tensor);

#endif
