// SPDX-License-Identifier: Apache-2.0
// MXNet's files: every generation of NDArray, symbols of 0.8 to 1.x, how files are found, .nd
// files, and what happens when they are damaged.
#include "tests/unit/world.h"

#include "frontends/mxnet/files.h"
#include "frontends/mxnet/number.h"
#include "frontends/mxnet/save.h"

// --- parameter files by hand ---------------------------------------------------------------------

static void put(struct world *w, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++)
        strbuf_putc(&w->bytes, (char)(uint8_t)(value >> (8 * i)));
}

static void begin(struct world *w, uint64_t arrays) {
    strbuf_reset(&w->bytes);
    put(w, MXNET_CONTAINER_MAGIC, 8);
    put(w, 0, 8);
    put(w, arrays, 8);
}

// [2, 3] of f32: 1 to 6. `magic` 0 is the form before V1, which begins with the rank.
static void put_array(struct world *w, uint32_t magic) {
    static const float numbers[] = {1, 2, 3, 4, 5, 6};
    size_t width = magic == 0 ? 4 : 8;
    if (magic != 0)
        put(w, magic, 4);
    if (magic == MXNET_MAGIC_V2 || magic == MXNET_MAGIC_V3)
        put(w, 0, 4); // dense
    put(w, 2, 4);
    put(w, 2, width);
    put(w, 3, width);
    put(w, 1, 4); // device
    put(w, 0, 4);
    put(w, 0, 4); // f32
    strbuf_add(&w->bytes, numbers, sizeof numbers);
}

static void put_name(struct world *w, const char *name) {
    put(w, strlen(name), 8);
    strbuf_puts(&w->bytes, name);
}

static void one_array(struct world *w, uint32_t magic, const char *name) {
    begin(w, 1);
    put_array(w, magic);
    put(w, 1, 8);
    put_name(w, name);
}

static void assert_six(const struct tensor *t) {
    static const float expected[] = {1, 2, 3, 4, 5, 6};
    float got[6];
    assert_non_null(t);
    assert_int_equal(t->type, DT_F32);
    assert_int_equal(t->shape.rank, 2);
    assert_int_equal(tensor_count(t), 6);
    tensor_read(t, 0, 6, got);
    assert_memory_equal(got, expected, sizeof got);
}

static bool read_params(struct world *w, struct mxnet_params *out) {
    write_anew("net-0000.params", w->bytes.data, w->bytes.length);
    w->diag = diag_new(w->arena);
    return mxnet_read_params(w->arena, w->diag, "net-0000.params", out);
}

static void every_generation_of_arrays_is_read(void **state) {
    struct world *w = *state;
    static const uint32_t magics[] = {0, MXNET_MAGIC_V1, MXNET_MAGIC_V2, MXNET_MAGIC_V3};
    for (size_t i = 0; i < COUNT_OF(magics); i++) {
        struct mxnet_params params;
        struct slice view;
        one_array(w, magics[i], "arg:weight");
        assert_true(read_params(w, &params));
        assert_six(mxnet_find_array(&params, "weight"));
        assert_true(tensor_direct(params.arrays[0].tensor, &view));
        assert_false(params.arrays[0].auxiliary);
        assert_null(mxnet_find_array(&params, "other"));
    }
}

static void names_lose_their_prefix(void **state) {
    struct world *w = *state;
    struct mxnet_params params;
    begin(w, 3);
    for (int i = 0; i < 3; i++)
        put_array(w, MXNET_MAGIC_V2);
    put(w, 3, 8);
    put_name(w, "bare");
    put_name(w, "aux:mean");
    put_name(w, "arg:gamma");
    assert_true(read_params(w, &params));
    assert_int_equal(params.count, 3);
    assert_six(mxnet_find_array(&params, "bare"));
    assert_six(mxnet_find_array(&params, "mean"));
    assert_six(mxnet_find_array(&params, "gamma"));
    assert_true(params.arrays[2].auxiliary); // by name: bare, gamma, mean
}

static void arrays_without_data_have_no_tensor(void **state) {
    struct world *w = *state;
    struct mxnet_params params;
    begin(w, 1);
    put(w, MXNET_MAGIC_V2, 4);
    put(w, 0, 4);
    put(w, 0, 4); // no dimensions: nothing follows
    put(w, 1, 8);
    put_name(w, "arg:empty");
    assert_true(read_params(w, &params));
    assert_null(mxnet_find_array(&params, "empty"));
}

static void sparse_arrays_are_refused(void **state) {
    struct world *w = *state;
    struct mxnet_params params;
    begin(w, 1);
    put(w, MXNET_MAGIC_V2, 4);
    put(w, 1, 4); // row-sparse
    put(w, 2, 4);
    assert_false(read_params(w, &params));
    assert_true(diag_has(w->diag, D_MALFORMED));
}

// --- damage --------------------------------------------------------------------------------------

static void truncated_parameters_are_reported_once(void **state) {
    struct world *w = *state;
    one_array(w, MXNET_MAGIC_V2, "arg:weight");
    size_t whole = w->bytes.length;
    for (size_t length = 0; length < whole; length++) {
        struct mxnet_params params;
        w->bytes.length = length;
        assert_false(read_params(w, &params));
        assert_int_equal(diag_count(w->diag, DIAG_WARNING), 1);
    }
    w->bytes.length = whole;
}

static void flipped_bits_never_read_outside(void **state) {
    struct world *w = *state;
    one_array(w, MXNET_MAGIC_V2, "arg:weight");
    for (size_t bit = 0; bit < w->bytes.length * 8; bit++) {
        struct mxnet_params params;
        w->bytes.data[bit / 8] = (char)(w->bytes.data[bit / 8] ^ (1 << bit % 8));
        bool good = read_params(w, &params);
        assert_int_equal(diag_count(w->diag, DIAG_FAILED), good ? 0 : 1);
        w->bytes.data[bit / 8] = (char)(w->bytes.data[bit / 8] ^ (1 << bit % 8));
    }
}

static void huge_counts_are_not_believed(void **state) {
    struct world *w = *state;
    struct mxnet_params params;
    begin(w, UINT64_MAX / 2);
    put(w, 0, 8);
    assert_false(read_params(w, &params));
    assert_true(diag_has(w->diag, D_MALFORMED));
}

// --- symbols -------------------------------------------------------------------------------------

static bool read_symbol(struct world *w, const char *text, struct mxnet_symbol *out) {
    write_text("net-symbol.json", text);
    w->diag = diag_new(w->arena);
    return mxnet_read_symbol(w->arena, w->diag, "net-symbol.json", out);
}

static void symbols_of_every_age_give_the_same_nodes(void **state) {
    struct world *w = *state;
    static const char *const texts[] = {
        "{'nodes':[{'op':'null','name':'data','inputs':[]},{'op':'Activation','name':'r',"
        "'attrs':{'act_type':'relu'},'inputs':[[0,0,0]]}],'attrs':{'mxnet_version':['int',10301]}}",
        "{'nodes':[{'op':'null','name':'data','inputs':[]},{'op':'Activation','name':'r',"
        "'attr':{'act_type':'relu'},'inputs':[[0,0,0]]}],'attrs':{'mxnet_version':['int',905]}}",
        "{'nodes':[{'op':'null','param':{},'name':'data','inputs':[],'backward_source_id':-1},"
        "{'op':'Activation','param':{'act_type':'relu'},'name':'r','inputs':[[0,0]],"
        "'backward_source_id':-1}]}",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct mxnet_symbol symbol;
        char *text = arena_strdup(w->arena, texts[i]);
        for (char *c = text; *c != '\0'; c++)
            *c = *c == '\'' ? '"' : *c;
        assert_true(read_symbol(w, text, &symbol));
        assert_int_equal(symbol.count, 2);
        assert_int_equal(symbol.nodes[1].input_count, 1);
        assert_int_equal(symbol.nodes[0].use_count, 1);
        assert_string_equal(mxnet_attr(&symbol.nodes[1], "act_type"), "relu");
    }
}

static void bad_symbols_are_one_report(void **state) {
    struct world *w = *state;
    static const char *const texts[] = {
        "{",
        "[]",
        "{\"nodes\": 1}",
        "{\"nodes\": [1]}",
        "{\"nodes\": [{\"op\": \"null\"}]}",
        "{\"nodes\": [{\"op\": \"x\", \"name\": \"a\", \"inputs\": [[0, 0, 0]]}]}", // itself
        "{\"nodes\": [{\"op\": \"x\", \"name\": \"a\", \"inputs\": [[-1, 0]]}]}",
        "{\"nodes\": [{\"op\": \"x\", \"name\": \"a\", \"inputs\": 3}]}",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct mxnet_symbol symbol;
        assert_false(read_symbol(w, texts[i], &symbol));
        assert_int_equal(diag_count(w->diag, DIAG_WARNING), 1);
    }
}

static void attribute_texts_are_pythons(void **state) {
    struct world *w = *state;
    struct mxnet_attr attrs[] = {{"none", "None"},   {"yes", "True"},   {"no", "0"},
                                 {"pair", "(3, 4)"}, {"one", "[7]"},    {"long", "(2L, 2L)"},
                                 {"real", "1e-05"},  {"bad", "(3, x)"}, {"open", "(None, 2)"}};
    struct mxnet_node node = {
        .name = "n", .op = "x", .attrs = attrs, .attr_count = COUNT_OF(attrs)};
    struct ints ints;
    bool flag;
    double real;
    assert_null(mxnet_attr(&node, "none"));
    assert_true(mxnet_attr_bool(&node, "yes", false, &flag) && flag);
    assert_true(mxnet_attr_bool(&node, "no", true, &flag) && !flag);
    assert_false(mxnet_attr_bool(&node, "pair", true, &flag));
    assert_true(mxnet_attr_ints(w->arena, &node, "pair", 0, &ints));
    assert_int_equal(ints.count, 2);
    assert_int_equal(ints.data[1], 4);
    assert_true(mxnet_attr_ints(w->arena, &node, "one", 0, &ints) && ints.data[0] == 7);
    assert_true(mxnet_attr_ints(w->arena, &node, "long", 0, &ints) && ints.count == 2);
    assert_true(mxnet_attr_ints(w->arena, &node, "open", MXNET_NONE, &ints));
    assert_true(ints.data[0] == MXNET_NONE && ints.data[1] == 2);
    assert_false(mxnet_attr_ints(w->arena, &node, "bad", 0, &ints));
    assert_true(mxnet_attr_float(&node, "real", 0, &real) && real == 1e-05);
    assert_false(mxnet_attr_float(&node, "pair", 0, &real));
}

// --- which files ---------------------------------------------------------------------------------

#define SYMBOL "{\"nodes\": [{\"op\": \"null\", \"name\": \"weight\", \"inputs\": []}]}"

static const char *option_of(const void *options, const char *name) {
    const char *const *pairs = options;
    for (; pairs != NULL && *pairs != NULL; pairs += 2)
        if (strcmp(pairs[0], name) == 0)
            return pairs[1];
    return NULL;
}

static bool open_model(struct world *w, const char *model, const char *symbol,
                       const char *const *pairs, struct mxnet_model *out) {
    struct import_options options = {
        .model = model, .symbol = symbol, .option = option_of, .options = (const void *)pairs};
    w->diag = diag_new(w->arena);
    *out = (struct mxnet_model){0};
    return mxnet_open(w->arena, w->diag, &options, out);
}

static void the_symbol_is_found_by_its_prefix(void **state) {
    struct world *w = *state;
    struct mxnet_model model;
    one_array(w, MXNET_MAGIC_V2, "arg:weight");
    write_anew("net-0003.params", w->bytes.data, w->bytes.length);
    assert_false(open_model(w, "net-0003.params", NULL, NULL, &model));
    assert_true(diag_has(w->diag, D_SYMBOL_MISSING));
    write_text("net-symbol.json", SYMBOL);
    assert_true(open_model(w, "net-0003.params", NULL, NULL, &model));
    assert_int_equal(model.symbol.count, 1);
    write_text("other.json", SYMBOL);
    assert_true(open_model(w, "net-0003.params", "other.json", NULL, &model));
    assert_false(open_model(w, "other.json", NULL, NULL, &model));
    assert_true(diag_has(w->diag, D_MXNET_SUFFIX));
}

static void nd_files_lie_over_the_pretrained_model(void **state) {
    struct world *w = *state;
    static const char *const whole[] = {
        "nd_prefix_name", "style", "pretrained_model_name", "net", "save_params_from_nd",
        "true",           NULL};
    static const char *const half[] = {"nd_prefix_name", "style", NULL};
    struct mxnet_model model;
    struct mxnet_params saved;
    write_text("net-symbol.json", SYMBOL);
    one_array(w, MXNET_MAGIC_V2, "arg:base");
    write_anew("net-0000.params", w->bytes.data, w->bytes.length);
    write_anew("net-0003.params", w->bytes.data, w->bytes.length);
    one_array(w, MXNET_MAGIC_V2, "weight");
    write_anew("style_args.nd", w->bytes.data, w->bytes.length);
    one_array(w, MXNET_MAGIC_V2, "state");
    write_anew("style_auxs.nd", w->bytes.data, w->bytes.length);
    assert_false(open_model(w, NULL, "net-symbol.json", half, &model));
    assert_true(diag_has(w->diag, D_ND_FILES));
    assert_true(open_model(w, NULL, "net-symbol.json", whole, &model));
    assert_int_equal(model.params.count, 3);
    // The last epoch was taken, and its file now holds all three.
    assert_true(mxnet_read_params(w->arena, w->diag, "net-0003.params", &saved));
    assert_int_equal(saved.count, 3);
    assert_six(mxnet_find_array(&saved, "weight"));
    assert_six(mxnet_find_array(&saved, "base"));
    assert_true(saved.arrays[1].auxiliary); // by name: base, state, weight
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, enter_world_of_files, leave_world_of_files)
        TEST(every_generation_of_arrays_is_read),
        TEST(names_lose_their_prefix),
        TEST(arrays_without_data_have_no_tensor),
        TEST(sparse_arrays_are_refused),
        TEST(truncated_parameters_are_reported_once),
        TEST(flipped_bits_never_read_outside),
        TEST(huge_counts_are_not_believed),
        TEST(symbols_of_every_age_give_the_same_nodes),
        TEST(bad_symbols_are_one_report),
        TEST(attribute_texts_are_pythons),
        TEST(the_symbol_is_found_by_its_prefix),
        TEST(nd_files_lie_over_the_pretrained_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
