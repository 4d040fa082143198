// SPDX-License-Identifier: Apache-2.0
// The records of tests/cases/tf/*.txt (README.md there): a graph, a node a line, becomes a file of
// text and a binary one. layer_cases.h has the arguments.
#include "tests/unit/layer_cases.h"

#include "frontends/text/text.h"
#include "frontends/tf/layers.h"

struct writer {
    struct arena *arena;
    const struct layer_record *record;
    struct strbuf text; // the GraphDef as text protobuf
};

// --- attributes ----------------------------------------------------------------------------------

static const struct {
    const char *name, *proto, *list; // of the typed values of a constant
    enum dtype type;                 // that fill rule and numbers are read as
} types[] = {
    {"f32", "DT_FLOAT", "float_val", DT_F32},      {"f64", "DT_DOUBLE", "double_val", DT_F64},
    {"f16", "DT_HALF", "half_val", DT_F16},        {"i32", "DT_INT32", "int_val", DT_I32},
    {"u8", "DT_UINT8", "int_val", DT_U8},          {"i16", "DT_INT16", "int_val", DT_I16},
    {"i8", "DT_INT8", "int_val", DT_I8},           {"i64", "DT_INT64", "int64_val", DT_I64},
    {"bool", "DT_BOOL", "bool_val", DT_BOOL},      {"u16", "DT_UINT16", "int_val", DT_U16},
    {"u32", "DT_UINT32", "uint32_val", DT_U32},    {"u64", "DT_UINT64", "uint64_val", DT_U64},
    {"string", "DT_STRING", NULL, DT_STRING},      {"quint8", "DT_QUINT8", "int_val", DT_U8},
    {"qint8", "DT_QINT8", "int_val", DT_I8},       {"qint32", "DT_QINT32", "int_val", DT_I32},
    {"resource", "DT_RESOURCE", NULL, DT_UNKNOWN},
};

static bool is_word(const char *text, size_t length, const char *word) {
    return strlen(word) == length && strncmp(text, word, length) == 0;
}

// Place in `types` of the word of `length` at `text`; -1 when it is none.
static int find_type(const char *text, size_t length) {
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (is_word(text, length, types[i].name))
            return (int)i;
    return -1;
}

// Dimensions up to `end`, which `separator` divides; "?" is one that is not known, "*" a rank that
// is not known.
static void put_shape(struct writer *w, const char *text, char separator, char end) {
    strbuf_puts(&w->text, "{");
    for (; *text != end && *text != '\0'; text += *text == separator) {
        size_t length = strspn(text, "-0123456789?*");
        assert_int_not_equal(length, 0);
        if (*text == '*')
            strbuf_puts(&w->text, " unknown_rank: true");
        else
            strbuf_printf(&w->text, " dim { size: %.*s }", *text == '?' ? 2 : (int)length,
                          *text == '?' ? "-1" : text);
        text += length;
    }
    strbuf_puts(&w->text, " }");
}

static bool is_number(const char *text, size_t length, const char *digits) {
    return strspn(text, digits) >= length && strcspn(text, "0123456789") < length;
}

// One value: a type, a shape <2x3>, a truth, an integer, a float, else a string.
static void put_value(struct writer *w, const char *text, size_t length) {
    int type = find_type(text, length);
    const char *start = text;
    if (type >= 0)
        strbuf_printf(&w->text, " type: %s", types[type].proto);
    else if (*text == '<') {
        strbuf_puts(&w->text, " shape ");
        put_shape(w, start + 1, 'x', '>');
    } else if (is_word(text, length, "true") || is_word(text, length, "false"))
        strbuf_printf(&w->text, " b: %.*s", (int)length, text);
    else if (is_number(text, length, "-0123456789"))
        strbuf_printf(&w->text, " i: %.*s", (int)length, text);
    else if (is_number(text, length, "-+.e0123456789"))
        strbuf_printf(&w->text, " f: %.*s", (int)length, text);
    else if (*text == '@')
        strbuf_printf(&w->text, " func { name: \"%.*s\" }", (int)length - 1, text + 1);
    else
        strbuf_printf(&w->text, " s: \"%.*s\"", (int)length, text);
}

static void put_list(struct writer *w, const char *text) {
    strbuf_puts(&w->text, " list {");
    for (text++; *text != ']'; text += *text == ',') {
        size_t length = strcspn(text, ",]");
        assert_int_not_equal(text[length], '\0');
        put_value(w, text, length);
        text += length;
    }
    strbuf_puts(&w->text, " }");
}

// Blanks separate attributes, so there are none in a value.
static void put_attrs(struct writer *w, const char *text) {
    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        size_t key = strcspn(text, "="), length = strcspn(text, " ");
        assert_true(key < length);
        strbuf_printf(&w->text, " attr { key: \"%.*s\" value {", (int)key, text);
        if (text[key + 1] == '[')
            put_list(w, text + key + 1);
        else
            put_value(w, text + key + 1, length - key - 1);
        strbuf_puts(&w->text, " } }");
        text += length;
    }
}

// --- constants -----------------------------------------------------------------------------------

static void put_number(struct writer *w, int type, double value) {
    enum dtype dtype = types[type].type;
    uint64_t room = 0;
    dtype_store(dtype, &room, 0, value);
    strbuf_printf(&w->text, " %s: ", types[type].list);
    if (dtype == DT_F16) // its bits
        strbuf_printf(&w->text, "%u", (unsigned)room);
    else
        strbuf_printf(&w->text, "%.*g", dtype == DT_F32 ? 9 : 17, dtype_load(dtype, &room, 0));
}

// `OFFSET SCALE` of the fill rule; integers are rounded down, truths are what is not negative.
static void put_fill(struct writer *w, const char *name, int type, const char *text,
                     uint64_t count) {
    char *end;
    double offset = strtod(text, &end), scale = strtod(end, &end);
    double *data = arena_array_of(w->arena, count, double);
    case_fill(name, offset, scale == 0 ? 1 : scale, data, count);
    for (uint64_t i = 0; i < count; i++)
        put_number(w, type, case_round(types[type].type, data[i]));
}

static uint64_t count_dims(const char *text) {
    uint64_t count = 1;
    for (char *end; *text != ']'; text = end + (*end == ',')) {
        count *= strtoul(text, &end, 10);
        assert_ptr_not_equal(end, text);
    }
    return count;
}

// `[dims] TYPE {numbers}` or `[dims] TYPE OFFSET SCALE`.
static void put_constant(struct writer *w, const char *name, const char *text) {
    const char *at = strchr(text, ']') + 1;
    at += strspn(at, " ");
    int type = find_type(at, strcspn(at, " "));
    if (type >= 0)
        at += strcspn(at, " ");
    at += strspn(at, " ");
    type = type < 0 ? 0 : type;
    strbuf_printf(&w->text, " attr { key: \"dtype\" value { type: %s } }", types[type].proto);
    strbuf_printf(&w->text, " attr { key: \"value\" value { tensor { dtype: %s tensor_shape ",
                  types[type].proto);
    put_shape(w, text + 1, ',', ']');
    if (types[type].type == DT_STRING)
        strbuf_printf(&w->text, " string_val: \"%s\"", at);
    else if (*at == '{')
        for (char *end = (char *)(uintptr_t)++at; at += strspn(at, " "), *at != '}'; at = end)
            put_number(w, type, strtod(at, &end));
    else
        put_fill(w, name, type, at, count_dims(text + 1));
    strbuf_puts(&w->text, " } } }");
}

// --- nodes ---------------------------------------------------------------------------------------

static void put_node(struct writer *w, const char *name, const char *op, size_t op_length) {
    strbuf_printf(&w->text, "node { name: \"%s\" op: \"%.*s\"", name, (int)op_length, op);
}

// `NAME [dims] TYPE ATTRIBUTES`
static void put_placeholder(struct writer *w, const char *name, const char *rest) {
    put_node(w, name, "Placeholder", strlen("Placeholder"));
    if (*rest == '[') {
        strbuf_puts(&w->text, " attr { key: \"shape\" value { shape ");
        put_shape(w, rest + 1, ',', ']');
        strbuf_puts(&w->text, " } }");
        rest = strchr(rest, ']') + 1;
        rest += strspn(rest, " ");
    }
    int type = find_type(rest, strcspn(rest, " "));
    if (type >= 0)
        rest += strcspn(rest, " ");
    strbuf_printf(&w->text, " attr { key: \"dtype\" value { type: %s } }",
                  types[type < 0 ? 0 : type].proto);
    put_attrs(w, rest);
}

static void put_operator(struct writer *w, const char *name, const char *rest) {
    const char *open = strchr(rest, '('), *close = open == NULL ? NULL : strchr(open, ')');
    if (close == NULL) {
        fail_msg("%s: %s: what is '%s = %s'?", w->record->file, w->record->title, name, rest);
        return;
    }
    put_node(w, name, rest, (size_t)(open - rest));
    for (const char *at = open + 1; at < close; at += strspn(at, ", ")) {
        size_t length = strcspn(at, ",)");
        strbuf_printf(&w->text, " input: \"%.*s\"", (int)length, at);
        at += length;
    }
    put_attrs(w, close + 1);
}

// `= [dims] TYPE VALUES`, then the nodes that it waits for, each with its ^.
static void put_waiting_constant(struct writer *w, const char *name, const char *rest) {
    const char *waits = strstr(rest, " ^");
    put_node(w, name, "Const", strlen("Const"));
    for (const char *at = waits; at != NULL; at = strstr(at + 1, " ^"))
        strbuf_printf(&w->text, " input: \"%.*s\"", (int)strcspn(at + 1, " "), at + 1);
    put_constant(w, name,
                 waits == NULL ? rest : arena_strndup(w->arena, rest, (size_t)(waits - rest)));
}

static void put_line(struct writer *w, const char *line) {
    size_t length = strcspn(line, " ");
    const char *name = arena_strndup(w->arena, line, length);
    const char *rest = line + length + (line[length] == ' ');
    if (strncmp(rest, "= [", 3) == 0)
        put_waiting_constant(w, name, rest + 2);
    else if (strncmp(rest, "= ", 2) == 0)
        put_operator(w, name, rest + 2);
    else
        put_placeholder(w, name, rest);
    strbuf_puts(&w->text, " }\n");
}

static void put_nodes(struct writer *w) {
    for (const char *at = w->record->texts[0]; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        if (length > 0)
            put_line(w, arena_strndup(w->arena, at, length));
        at += length + (at[length] == '\n');
    }
}

static void write_model(struct arena *arena, const struct layer_record *record) {
    struct writer w = {.arena = arena, .record = record, .text = STRBUF_INIT};
    if (strncmp(record->texts[0], "node {", strlen("node {")) == 0)
        strbuf_puts(&w.text, record->texts[0]);
    else
        put_nodes(&w);
    write_file("net.pbtxt", w.text.data, w.text.length);
    ProtobufCMessage *def =
        text_parse(arena, diag_new(arena), "net.pbtxt", slice_of(w.text.data, w.text.length),
                   &tensorflow__graph_def__descriptor, TEXT_UNKNOWN_KEEP);
    if (def != NULL) {
        uint8_t *bytes = arena_alloc(arena, protobuf_c_message_get_packed_size(def));
        write_file("net.pb", bytes, protobuf_c_message_pack(def, bytes));
    }
    strbuf_free(&w.text);
}

// What stands for a replaced sub-graph is no operator of a source: replace.txt has it.
static bool replaces(const struct tf_layer_row *row) {
    return row->import == tf_region || row->import == tf_replaced_layer;
}

static const char *type(size_t index) {
    while (index < tf_layer_row_count && replaces(&tf_layer_rows[index]))
        index++;
    return index < tf_layer_row_count ? tf_layer_rows[index].op : NULL;
}

int main(int argc, char **argv) {
    static const struct layer_cases cases = {
        .name = "tf/cases",
        .pattern = "tests/cases/tf/*.txt",
        .frontend = &frontend_tf,
        .files = {{"nodes", "net.pbtxt", NULL},
                  {"config", "config.json", "--tensorflow_use_custom_operations_config"}},
        .plain = "text only",
        .model = "net.pb",
        .write_model = write_model,
        .type_mark = "op: \"",
        .type = type,
    };
    return layer_cases_main(&cases, argc, argv);
}
