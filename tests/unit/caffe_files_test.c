// SPDX-License-Identifier: Apache-2.0
// Caffe's files: how they are found, told from others, read when they are large or damaged.
#include "tests/unit/world.h"

#include <fcntl.h>

#include "compiler/base/limits.h"
#include "frontends/caffe/layers.h"

#define PROTO                                                                                      \
    "input: 'data' input_shape { dim: 1 dim: 3 }\n"                                                \
    "layer { name: 'ip' type: 'InnerProduct' bottom: 'data' top: 'ip' "                            \
    "inner_product_param { num_output: 2 } }\n"

// --- caffemodels by hand -----------------------------------------------------

static Caffe__BlobProto *new_blob(struct world *w, size_t count, float *data) {
    Caffe__BlobProto *blob = arena_new_of(w->arena, Caffe__BlobProto);
    caffe__blob_proto__init(blob);
    blob->n_data = count;
    blob->data = data;
    return blob;
}

static size_t pack_net(struct world *w, uint8_t **out) {
    static float weights[] = {1, 2, 3, 4, 5, 6}, biases[] = {0.5F, -0.5F};
    Caffe__NetWeights *net = arena_new_of(w->arena, Caffe__NetWeights);
    Caffe__LayerWeights *layer = arena_new_of(w->arena, Caffe__LayerWeights);
    caffe__net_weights__init(net);
    caffe__layer_weights__init(layer);
    layer->name = "ip";
    layer->n_blobs = 2;
    layer->blobs = arena_array_of(w->arena, 2, Caffe__BlobProto *);
    layer->blobs[0] = new_blob(w, 6, weights);
    layer->blobs[1] = new_blob(w, 2, biases);
    net->name = "net";
    net->n_layer = 1;
    net->layer = arena_new_of(w->arena, Caffe__LayerWeights *);
    net->layer[0] = layer;
    *out = arena_alloc(w->arena, caffe__net_weights__get_packed_size(net));
    return caffe__net_weights__pack(net, *out);
}

static void write_net(struct world *w) {
    uint8_t *bytes;
    size_t size = pack_net(w, &bytes);
    write_anew("net.caffemodel", bytes, size);
}

static struct graph *import(struct world *w, const char *model, const char *proto) {
    const struct import_options options = {.model = model, .proto = proto};
    struct graph *g = graph_new(w->arena, w->diag, "");
    return frontend_caffe.import(&options, g) ? g : NULL;
}

static const struct tensor *weights_of(struct graph *g) {
    assert_non_null(g);
    GRAPH_EACH(g, n)
    if (strcmp(n->name, "ip/weights") == 0)
        return n->outputs[0].constant;
    fail_msg("no weights");
    return NULL;
}

static void assert_numbers(const struct tensor *t, uint64_t count, const float *expected) {
    float data[16];
    assert_int_equal(tensor_count(t), count);
    tensor_read(t, 0, count, data);
    assert_memory_equal(data, expected, count * sizeof(float));
}

static const float six[] = {1, 2, 3, 4, 5, 6};

// --- finding -----------------------------------------------------------------

static void the_prototxt_is_found_beside_the_weights(void **state) {
    struct world *w = *state;
    write_net(w);
    assert_null(import(w, "net.caffemodel", NULL));
    assert_true(diag_has(w->diag, D_PROTO_MISSING));
    write_text("net.prototxt", PROTO);
    w->diag = diag_new(w->arena);
    assert_numbers(weights_of(import(w, "net.caffemodel", NULL)), 6, six);
}

static void another_prototxt_is_taken_when_it_is_named(void **state) {
    struct world *w = *state;
    write_net(w);
    write_text("other.prototxt", PROTO);
    assert_numbers(weights_of(import(w, "net.caffemodel", "other.prototxt")), 6, six);
}

static void weights_that_no_layer_takes_are_noted(void **state) {
    struct world *w = *state;
    write_net(w);
    write_text("net.prototxt", "input: 'data' input_shape { dim: 1 dim: 3 }\n"
                               "layer { name: 'r' type: 'ReLU' bottom: 'data' top: 'r' }\n");
    assert_non_null(import(w, "net.caffemodel", NULL));
    assert_true(diag_has(w->diag, D_WEIGHTS_UNUSED));
    assert_int_equal(diag_count(w->diag, DIAG_WARNING), 0);
}

static void files_that_are_no_models_are_called_so(void **state) {
    struct world *w = *state;
    static const struct {
        const char *text;
        enum diag_id id;
    } cases[] = {
        {"", D_FILE_EMPTY},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n",
         D_FILE_IS_LFS_POINTER},
        {"\n <!DOCTYPE html><html>", D_FILE_IS_WEB_PAGE},
        {"\x0a\x03net", D_MALFORMED}, // a name and no layers
        {"hello", D_MALFORMED},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        w->diag = diag_new(w->arena);
        write_text("net.prototxt", PROTO);
        write_text("net.caffemodel", cases[i].text);
        assert_null(import(w, "net.caffemodel", NULL));
        assert_true(diag_has(w->diag, cases[i].id));
        assert_int_equal(diag_count(w->diag, DIAG_WARNING), 1);
        if (i > 2)
            continue;
        w->diag = diag_new(w->arena);
        write_net(w);
        write_text("net.prototxt", cases[i].text);
        assert_null(import(w, "net.caffemodel", NULL));
        assert_true(diag_has(w->diag, cases[i].id));
    }
}

static const char *detect(struct world *w, const char *path) {
    const struct frontend *f = frontend_detect(path, w->diag);
    return f == NULL ? "none" : f->name;
}

static void models_are_known_by_suffix_and_content(void **state) {
    struct world *w = *state;
    uint8_t *bytes;
    size_t size = pack_net(w, &bytes);
    write_anew("net.caffemodel", bytes, size);
    write_anew("net", bytes, size);
    write_text("net.prototxt", PROTO);
    write_text("other.prototxt", "nothing");
    assert_string_equal(detect(w, "net.caffemodel"), "caffe");
    assert_string_equal(detect(w, "net"), "caffe");
    assert_string_equal(detect(w, "net.prototxt"), "caffe");
    assert_int_equal(diag_count(w->diag, DIAG_NOTE), 0);
    write_text("net", "what is this");
    assert_string_equal(detect(w, "net"), "none");
    assert_true(diag_has(w->diag, D_FRAMEWORK_UNKNOWN));
    assert_string_equal(detect(w, "missing"), "none");
    assert_true(diag_has(w->diag, D_FILE_OPEN));
    assert_ptr_equal(frontend_find("caffe"), &frontend_caffe);
    assert_null(frontend_find("nobody"));
}

// --- other forms of weights --------------------------------------------------

static void put_tag(struct strbuf *out, unsigned number, unsigned type) {
    unsigned tag = number << 3 | type;
    if (tag >= 0x80)
        strbuf_putc(out, (char)(uint8_t)(tag | 0x80));
    strbuf_putc(out, (char)(uint8_t)(tag >= 0x80 ? tag >> 7 : tag));
}

// Of less than 128 bytes.
static void put_block(struct strbuf *out, unsigned number, const void *data, size_t size) {
    put_tag(out, number, 2);
    strbuf_putc(out, (char)(uint8_t)size);
    strbuf_add(out, data, size);
}

static void put_text(struct strbuf *out, unsigned number, const char *text) {
    put_block(out, number, text, strlen(text));
}

// A blob with a tag before each number.
static void put_unpacked(struct strbuf *out, unsigned number, const float *data, unsigned count) {
    struct strbuf blob = STRBUF_INIT;
    for (unsigned i = 0; i < count; i++) {
        put_tag(&blob, 5, 5);
        strbuf_add(&blob, &data[i], sizeof(float));
    }
    put_block(out, number, blob.data, blob.length);
    strbuf_free(&blob);
}

static void weights_of_older_files_are_read(void **state) {
    struct world *w = *state;
    static const float two[] = {0.5F, -0.5F};
    struct strbuf layer = STRBUF_INIT, inner = STRBUF_INIT, net = STRBUF_INIT;
    // `layers` with unpacked numbers
    put_text(&layer, 4, "ip");
    put_unpacked(&layer, 6, six, 6);
    put_unpacked(&layer, 6, two, 2);
    put_block(&net, 2, layer.data, layer.length);
    write_anew("net.caffemodel", net.data, net.length);
    write_text("net.prototxt", PROTO);
    assert_numbers(weights_of(import(w, "net.caffemodel", NULL)), 6, six);
    // `layers { layer { } }`
    strbuf_reset(&layer);
    strbuf_reset(&net);
    put_text(&inner, 1, "ip");
    put_unpacked(&inner, 50, six, 6);
    put_unpacked(&inner, 50, two, 2);
    put_block(&layer, 1, inner.data, inner.length);
    put_block(&net, 2, layer.data, layer.length);
    write_anew("net.caffemodel", net.data, net.length);
    assert_numbers(weights_of(import(w, "net.caffemodel", NULL)), 6, six);
    strbuf_free(&layer);
    strbuf_free(&inner);
    strbuf_free(&net);
}

static void the_first_layer_of_a_name_that_has_blobs_counts(void **state) {
    struct world *w = *state;
    static const float two[] = {0.5F, -0.5F}, none[] = {9, 9, 9, 9, 9, 9};
    struct strbuf layer = STRBUF_INIT, net = STRBUF_INIT;
    put_text(&layer, 1, "ip");
    put_block(&net, 100, layer.data, layer.length);
    put_unpacked(&layer, 7, six, 6);
    put_unpacked(&layer, 7, two, 2);
    put_block(&net, 100, layer.data, layer.length);
    strbuf_reset(&layer);
    put_text(&layer, 1, "ip");
    put_unpacked(&layer, 7, none, 6);
    put_unpacked(&layer, 7, two, 2);
    put_block(&net, 100, layer.data, layer.length);
    write_anew("net.caffemodel", net.data, net.length);
    write_text("net.prototxt", PROTO);
    assert_numbers(weights_of(import(w, "net.caffemodel", NULL)), 6, six);
    strbuf_free(&layer);
    strbuf_free(&net);
}

static unsigned put_length(uint8_t *out, uint64_t value) {
    unsigned n = 0;
    for (; value >= 0x80; value >>= 7)
        out[n++] = (uint8_t)(value | 0x80);
    out[n++] = (uint8_t)value;
    return n;
}

static unsigned length_of(uint64_t value) {
    uint8_t scratch[10];
    return put_length(scratch, value);
}

// A sparse file: nothing of its weights is ever read.
static void weights_of_more_than_two_gibibytes_are_views(void **state) {
    struct world *w = *state;
    const uint64_t columns = 600000000, bytes = columns * 4;
    uint8_t head[64];
    unsigned n = 0;
    uint64_t blob = 1 + length_of(bytes) + bytes;
    uint64_t layer = 4 + 1 + length_of(blob) + blob;
    head[n++] = 0xa2, head[n++] = 0x06; // layer, field 100
    n += put_length(head + n, layer);
    memcpy(head + n, "\x0a\x02ip\x3a", 5); // its name; blobs, field 7
    n += 5;
    n += put_length(head + n, blob);
    head[n++] = 0x2a; // data, field 5
    n += put_length(head + n, bytes);
    write_anew("net.caffemodel", head, n);
    assert_int_equal(truncate("net.caffemodel", (off_t)(n + bytes)), 0);
    write_text("net.prototxt", "input: 'data' input_shape { dim: 1 dim: 600000000 }\n"
                               "layer { name: 'ip' type: 'InnerProduct' bottom: 'data' top: 'ip' "
                               "inner_product_param { num_output: 1 bias_term: false } }\n");
    const struct tensor *t = weights_of(import(w, "net.caffemodel", NULL));
    struct slice view;
    assert_true(tensor_direct(t, &view));
    assert_true(view.size == bytes);
    assert_true(arena_used(w->arena) < 1000000);
}

// --- damage ------------------------------------------------------------------

// Nothing else happened than a graph, or at least one report.
static void assert_an_answer(struct world *w) {
    struct world own = {.arena = arena_new()};
    own.diag = diag_new(own.arena);
    struct graph *g = import(&own, "net.caffemodel", NULL);
    assert_true((g == NULL) == (diag_count(own.diag, DIAG_FAILED) > 0));
    arena_free(own.arena);
    (void)w;
}

static void damaged_weights_are_an_answer(void **state) {
    struct world *w = *state;
    uint8_t *bytes;
    size_t size = pack_net(w, &bytes);
    write_text("net.prototxt", PROTO);
    for (size_t i = 0; i < size; i++) {
        write_anew("net.caffemodel", bytes, i);
        assert_an_answer(w);
    }
    for (size_t bit = 0; bit < size * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        write_anew("net.caffemodel", bytes, size);
        assert_an_answer(w);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static const char every_kind[] =
    "name: 'n' input: 'd' input_shape { dim: 1 dim: 2 dim: 4 dim: 4 }\n"
    "layer { name: 'c' type: 'Convolution' bottom: 'd' top: 'c' convolution_param { num_output: 2 "
    "kernel_size: 3 pad: 1 stride: 2 group: 2 dilation: 1 bias_term: false } blobs { shape { dim: "
    "2 dim: 1 dim: 3 dim: 3 } data: [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9] } }\n"
    "layer { name: 'p' type: 'Pooling' bottom: 'c' top: 'p' pooling_param { pool: AVE kernel_size: "
    "2 } }\n"
    "layer { name: 's' type: 'Slice' bottom: 'p' top: 'a' top: 'b' slice_param { slice_point: 1 } "
    "}\n"
    "layer { name: 'r' type: 'Reshape' bottom: 'a' top: 'r' reshape_param { axis: 1 shape { dim: "
    "-1 } } }\n"
    "layer { name: 'f' type: 'Flatten' bottom: 'b' top: 'f' }\n"
    "layer { name: 'x' type: 'Concat' bottom: 'r' bottom: 'f' top: 'x' }\n"
    "layer { name: 'k' type: 'Scale' bottom: 'x' top: 'k' scale_param { num_axes: -1 } }\n"
    "layer { name: 't' type: 'Tile' bottom: 'k' top: 't' tile_param { tiles: 3 } }\n"
    "layer { name: 'e' type: 'Eltwise' bottom: 't' bottom: 't' top: 'e' eltwise_param { coeff: [1, "
    "2] } }\n"
    "layer { name: 'o' type: 'Crop' bottom: 'e' top: 'o' crop_param { axis: 1 offset: 1 dimsize: 1 "
    "} }\n";

// Every byte of a prototxt is left out, and changed to others that mean something.
static void damaged_topologies_are_an_answer(void **state) {
    struct world *w = *state;
    static const char others[] = "09-}{:\" \nz";
    char *text = arena_strdup(w->arena, every_kind);
    size_t size = sizeof(every_kind) - 1;
    write_text("net.caffemodel", "\xa2\x06\x03\x0a\x01z"); // a layer that is not there
    write_text("net.prototxt", text);
    assert_non_null(import(w, "net.caffemodel", NULL));
    for (size_t i = 0; i < size; i++) {
        write_anew("net.prototxt", text, i);
        assert_an_answer(w);
        for (const char *c = others; *c != '\0'; c++) {
            text[i] = *c;
            write_anew("net.prototxt", text, size);
            assert_an_answer(w);
        }
        text[i] = every_kind[i];
    }
}

static void numbers_beyond_every_range_are_an_answer(void **state) {
    struct world *w = *state;
    static const char *const numbers[] = {"0",  "1",           "4294967295",         "2147483647",
                                          "-1", "-2147483648", "9223372036854775807"};
    write_text("net.caffemodel", "\xa2\x06\x03\x0a\x01z");
    // Each number of the text is replaced by each of the list.
    for (const char *at = every_kind; *at != '\0'; at++) {
        bool begins = *at >= '0' && *at <= '9' && (at[-1] == ' ' || at[-1] == '[');
        size_t length = strspn(at, "0123456789");
        for (size_t i = 0; begins && i < COUNT_OF(numbers); i++) {
            char *text = arena_printf(w->arena, "%.*s%s%s", (int)(at - every_kind), every_kind,
                                      numbers[i], at + length);
            write_text("net.prototxt", text);
            assert_an_answer(w);
        }
    }
}

static void the_number_of_layers_is_bounded(void **state) {
    struct world *w = *state;
    struct limits before = limits;
    write_text("net.prototxt", every_kind);
    write_text("net.caffemodel", "\xa2\x06\x03\x0a\x01z");
    limits.nodes = 9; // of ten
    assert_null(import(w, "net.caffemodel", NULL));
    limits = before;
    assert_true(diag_has(w->diag, D_LIMIT));
}

// --- mean images -------------------------------------------------------------

static void write_mean(struct world *w, Caffe__BlobProto *blob) {
    uint8_t *bytes = arena_alloc(w->arena, caffe__blob_proto__get_packed_size(blob));
    write_anew("mean.binaryproto", bytes, caffe__blob_proto__pack(blob, bytes));
}

static Caffe__BlobProto *mean_blob(struct world *w, int channels, int height, int width) {
    size_t count = (size_t)channels * (size_t)height * (size_t)width;
    float *data = arena_array_of(w->arena, count, float);
    for (size_t i = 0; i < count; i++)
        data[i] = (float)i;
    Caffe__BlobProto *blob = new_blob(w, count, data);
    blob->has_num = blob->has_channels = blob->has_height = blob->has_width = 1;
    blob->num = 1;
    blob->channels = channels;
    blob->height = height;
    blob->width = width;
    return blob;
}

static const struct tensor *mean_for(struct world *w, const char *input, const int64_t *offsets) {
    write_text(
        "net.prototxt",
        arena_printf(w->arena, "%slayer { name: 'r' type: 'ReLU' bottom: 'd' top: 'r' }", input));
    struct graph *g = import(w, "net.prototxt", NULL);
    assert_non_null(g);
    return frontend_caffe.mean_image(g, "mean.binaryproto", offsets, g->parameters.items[0]);
}

#define IMAGE_2X2 "input: 'd' input_shape { dim: 1 dim: 2 dim: 2 dim: 2 }"

static void mean_images_are_cut_to_the_input(void **state) {
    struct world *w = *state;
    static const float centre[] = {6, 7, 11, 12, 26, 27, 31, 32};
    static const float corner[] = {12, 13, 17, 18, 32, 33, 37, 38};
    write_mean(w, mean_blob(w, 2, 4, 5));
    assert_numbers(mean_for(w, IMAGE_2X2, NULL), 8, centre);
    const int64_t offsets[] = {2, 2}; // x, y
    assert_numbers(mean_for(w, IMAGE_2X2, offsets), 8, corner);
    Caffe__BlobProto *newer = mean_blob(w, 2, 2, 2);
    int64_t dims[] = {2, 2, 2};
    Caffe__BlobShape shape;
    caffe__blob_shape__init(&shape);
    shape.n_dim = 3;
    shape.dim = dims;
    newer->shape = &shape;
    write_mean(w, newer);
    const float whole[] = {0, 1, 2, 3, 4, 5, 6, 7};
    assert_numbers(mean_for(w, IMAGE_2X2, NULL), 8, whole);
}

static void assert_mean_refused(struct world *w, const char *input, const int64_t *offsets,
                                enum diag_id id) {
    w->diag = diag_new(w->arena);
    assert_null(mean_for(w, input, offsets));
    assert_true(diag_has(w->diag, id));
}

static void mean_images_that_do_not_fit_are_refused(void **state) {
    struct world *w = *state;
    const int64_t beyond[] = {3, 0};
    write_mean(w, mean_blob(w, 2, 2, 4));
    assert_mean_refused(w, "input: 'd' input_shape { dim: 1 dim: 2 dim: 3 dim: 2 }", NULL,
                        D_MEAN_FILE_SMALLER);
    assert_mean_refused(w, "input: 'd' input_shape { dim: 1 dim: 3 dim: 2 dim: 2 }", NULL,
                        D_MEAN_FILE_SMALLER);
    assert_mean_refused(w, IMAGE_2X2, beyond, D_MEAN_FILE_SMALLER);
    assert_mean_refused(w, "input: 'd' input_shape { dim: 1 dim: 2 }", NULL, D_MEAN_FILE_FORMAT);
    Caffe__BlobProto *short_blob = mean_blob(w, 2, 2, 4);
    short_blob->n_data--;
    write_mean(w, short_blob);
    assert_mean_refused(w, IMAGE_2X2, NULL, D_MEAN_FILE_FORMAT);
    write_text("mean.binaryproto", "");
    assert_mean_refused(w, IMAGE_2X2, NULL, D_MEAN_FILE_EMPTY);
    write_text("mean.binaryproto", "nonsense");
    assert_mean_refused(w, IMAGE_2X2, NULL, D_MALFORMED);
    remove("mean.binaryproto");
    assert_mean_refused(w, IMAGE_2X2, NULL, D_FILE_OPEN);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_world_of_files, leave_world_of_files)
    const struct CMUnitTest tests[] = {
        TEST(the_prototxt_is_found_beside_the_weights),
        TEST(another_prototxt_is_taken_when_it_is_named),
        TEST(weights_that_no_layer_takes_are_noted),
        TEST(files_that_are_no_models_are_called_so),
        TEST(models_are_known_by_suffix_and_content),
        TEST(weights_of_older_files_are_read),
        TEST(the_first_layer_of_a_name_that_has_blobs_counts),
        TEST(weights_of_more_than_two_gibibytes_are_views),
        TEST(damaged_weights_are_an_answer),
        TEST(damaged_topologies_are_an_answer),
        TEST(numbers_beyond_every_range_are_an_answer),
        TEST(the_number_of_layers_is_bounded),
        TEST(mean_images_are_cut_to_the_input),
        TEST(mean_images_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests_name("caffe/files", tests, NULL, NULL);
}
