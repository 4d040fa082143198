// SPDX-License-Identifier: Apache-2.0
// manifests/manifest.schema.json against the parser: the same keys, and the same verdict on values
// of every type for every key. The validator below knows the keywords that the schema uses and
// fails on others, so the schema cannot say what is not tested.
#include "tests/unit/base_scratch.h"

#include <json-c/json.h>
#include <regex.h>

#include "manifests/manifest.h"
#include "manifests/yaml.h"

static struct json_object *schema;

static struct json_object *get(struct json_object *object, const char *key) {
    struct json_object *value = NULL;
    json_object_object_get_ex(object, key, &value);
    return value;
}

static struct json_object *def(const char *name) {
    struct json_object *found = get(get(schema, "$defs"), name);
    assert_non_null(found);
    return found;
}

// ---- Validator ----

static bool valid(struct json_object *rule, struct json_object *value);

static struct json_object *resolve(const char *reference) {
    assert_int_equal(reference[0], '#');
    struct json_object *at = schema;
    char *copy = strdup(reference + 1), *rest = copy, *part;
    while ((part = strsep(&rest, "/")) != NULL) {
        if (part[0] != '\0')
            at = get(at, part);
        assert_non_null(at);
    }
    free(copy);
    return at;
}

static bool has_type(const char *type, struct json_object *value) {
    static const struct {
        const char *name;
        enum json_type type;
    } types[] = {{"object", json_type_object}, {"array", json_type_array},
                 {"string", json_type_string}, {"integer", json_type_int},
                 {"number", json_type_double}, {"boolean", json_type_boolean}};
    enum json_type own = json_object_get_type(value);
    if (strcmp(type, "number") == 0 && own == json_type_int)
        return true;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (strcmp(types[i].name, type) == 0)
            return own == types[i].type;
    }
    fail_msg("type %s", type);
    return false;
}

// The regular expressions of C have no \u escapes: this one is spelled out.
static bool matches(const char *pattern, const char *text) {
    if (strcmp(pattern, "^[^\\u0000-\\u001f\\u007f]+$") == 0) {
        bool good = text[0] != '\0';
        for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
            good = good && *c >= 0x20 && *c != 0x7f;
        return good;
    }
    regex_t compiled;
    assert_int_equal(regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB), 0);
    int status = regexec(&compiled, text, 0, NULL, 0);
    regfree(&compiled);
    return status == 0;
}

static bool any_of(struct json_object *rules, struct json_object *value) {
    for (size_t i = 0; i < json_object_array_length(rules); i++) {
        if (valid(json_object_array_get_idx(rules, i), value))
            return true;
    }
    return false;
}

static bool in_enum(struct json_object *values, struct json_object *value) {
    for (size_t i = 0; i < json_object_array_length(values); i++) {
        if (json_object_equal(json_object_array_get_idx(values, i), value))
            return true;
    }
    return false;
}

static bool items_valid(struct json_object *rule, struct json_object *list) {
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        if (!valid(rule, json_object_array_get_idx(list, i)))
            return false;
    }
    return true;
}

static bool all_present(struct json_object *keys, struct json_object *object) {
    for (size_t i = 0; i < json_object_array_length(keys); i++) {
        const char *key = json_object_get_string(json_object_array_get_idx(keys, i));
        if (!json_object_object_get_ex(object, key, NULL))
            return false;
    }
    return true;
}

static bool members_valid(struct json_object *rule, struct json_object *object) {
    struct json_object *properties = get(rule, "properties"), *names = get(rule, "propertyNames");
    struct json_object *others = get(rule, "additionalProperties");
    json_object_object_foreach(object, key, value) {
        struct json_object *own = properties == NULL ? NULL : get(properties, key);
        if (own == NULL && others != NULL && json_object_is_type(others, json_type_boolean)) {
            if (!json_object_get_boolean(others))
                return false;
        } else if (own == NULL ? others != NULL && !valid(others, value) : !valid(own, value)) {
            return false;
        }
        struct json_object *name = json_object_new_string(key);
        bool good = names == NULL || valid(names, name);
        json_object_put(name);
        if (!good)
            return false;
    }
    return true;
}

static bool dependents_present(struct json_object *rule, struct json_object *object) {
    json_object_object_foreach(rule, key, needs) {
        if (json_object_object_get_ex(object, key, NULL) && !all_present(needs, object))
            return false;
    }
    return true;
}

// One keyword; true when it does not apply to the type of the value.
static bool keyword_holds(struct json_object *rule, const char *keyword, struct json_object *arg,
                          struct json_object *value) {
    enum json_type type = json_object_get_type(value);
    bool object = type == json_type_object, list = type == json_type_array;
    bool text = type == json_type_string, number = has_type("number", value);
    int64_t limit = json_object_get_int64(arg);
    static const char *const silent[] = {"description", "deprecated", "title", "$schema", "$defs"};
    for (size_t i = 0; i < COUNT_OF(silent); i++) {
        if (strcmp(keyword, silent[i]) == 0)
            return true;
    }
#define KEYWORD(name, applies, holds)                                                              \
    if (strcmp(keyword, name) == 0)                                                                \
    return !(applies) || (holds)
    KEYWORD("$ref", true, valid(resolve(json_object_get_string(arg)), value));
    KEYWORD("type", true, has_type(json_object_get_string(arg), value));
    KEYWORD("enum", true, in_enum(arg, value));
    KEYWORD("anyOf", true, any_of(arg, value));
    KEYWORD("not", true, !valid(arg, value));
    KEYWORD("items", list, items_valid(arg, value));
    KEYWORD("minItems", list, (int64_t)json_object_array_length(value) >= limit);
    KEYWORD("maxItems", list, (int64_t)json_object_array_length(value) <= limit);
    KEYWORD("properties", object, members_valid(rule, value));
    KEYWORD("additionalProperties", object, members_valid(rule, value));
    KEYWORD("propertyNames", object, members_valid(rule, value));
    KEYWORD("required", object, all_present(arg, value));
    KEYWORD("dependentRequired", object, dependents_present(arg, value));
    KEYWORD("minProperties", object, json_object_object_length(value) >= limit);
    KEYWORD("maxProperties", object, json_object_object_length(value) <= limit);
    KEYWORD("pattern", text, matches(json_object_get_string(arg), json_object_get_string(value)));
    KEYWORD("maxLength", text, json_object_get_string_len(value) <= limit);
    KEYWORD("minimum", number, json_object_get_double(value) >= (double)limit);
    KEYWORD("maximum", number, json_object_get_double(value) <= (double)limit);
#undef KEYWORD
    fail_msg("the test does not know keyword %s", keyword);
    return false;
}

static bool valid(struct json_object *rule, struct json_object *value) {
    json_object_object_foreach(rule, keyword, arg) {
        if (!keyword_holds(rule, keyword, arg, value))
            return false;
    }
    return true;
}

// ---- Keys ----

static void assert_keys(struct json_object *object, const char *const *keys, bool options) {
    struct json_object *properties = get(object, "properties");
    int count = 0;
    for (; keys[count] != NULL; count++)
        assert_true(json_object_object_get_ex(properties, keys[count], NULL));
    for (size_t i = 0; options && i < OPTION_COUNT_OF_IDS; i++) {
        const char *name = option_table[i].name;
        bool is_key = false;
        for (int k = 0; keys[k] != NULL; k++)
            is_key = is_key || strcmp(keys[k], name) == 0;
        bool wanted = is_key || manifest_takes_option(&option_table[i]);
        if (json_object_object_get_ex(properties, name, NULL) != wanted)
            fail_msg("option %s should %sbe in the schema", name, wanted ? "" : "not ");
        count += wanted && !is_key;
    }
    assert_int_equal(json_object_object_length(properties), count);
}

static void the_schema_has_the_parsers_keys(void **state) {
    (void)state;
    assert_keys(schema, manifest_keys(OBJECT_ZOO), false);
    assert_keys(def("model"), manifest_keys(OBJECT_MODEL), true);
    assert_keys(def("archive"), manifest_keys(OBJECT_ARCHIVE), false);
    assert_keys(def("limits"), manifest_keys(OBJECT_LIMITS), false);
    assert_keys(def("source"), manifest_keys(OBJECT_SOURCE), false);
    assert_keys(def("preparation"), manifest_keys(OBJECT_PREPARE), false);
    assert_keys(def("golden"), manifest_keys(OBJECT_GOLDEN), false);
}

static void the_schemas_defaults_are_a_models_keys(void **state) {
    (void)state;
    static const char *const own[] = {"name",  "archive", "sources", "prepare",
                                      "files", "model",   "golden"};
    struct json_object *defaults = get(def("defaults"), "properties");
    struct json_object *model = get(def("model"), "properties");
    for (size_t i = 0; i < COUNT_OF(own); i++)
        assert_false(json_object_object_get_ex(defaults, own[i], NULL));
    json_object_object_foreach(defaults, key, rule) {
        (void)rule;
        assert_true(json_object_object_get_ex(model, key, NULL));
    }
    assert_int_equal(json_object_object_length(defaults) + (int)COUNT_OF(own),
                     json_object_object_length(model));
}

// ---- Verdicts ----

static char folder[SCRATCH_SIZE], manifest_path[SCRATCH_SIZE + 16];

enum verdict { GOOD, WRONG_FORM, WRONG_MEANING };

// A manifest's wrong form is told by the messages of manifests/; a wrong meaning (an unknown
// layout, a contradiction) by those of the options, and no schema can know it.
static enum verdict parse(const char *path) {
    static const enum diag_id forms[] = {D_MANIFEST_SYNTAX, D_MANIFEST_KEY, D_MANIFEST_KEY_MISSING,
                                         D_MANIFEST_TYPE, D_MANIFEST_VALUE};
    struct arena *arena = arena_new();
    struct diag *diag = diag_new(arena);
    enum verdict verdict = zoo_read(arena, &path, 1, diag) != NULL ? GOOD : WRONG_MEANING;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        if (diag_has(diag, forms[i]))
            verdict = WRONG_FORM;
    }
    arena_free(arena);
    return verdict;
}

static enum verdict parse_text(const char *text) {
    FILE *file = fopen(manifest_path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    return parse(manifest_path);
}

// True when the parser and the schema agree.
static bool agree(const char *what, const char *text, enum verdict parsed,
                  struct json_object *value) {
    bool schema_says = valid(schema, value);
    bool same = schema_says ? parsed != WRONG_FORM : parsed != GOOD;
    if (!same)
        print_error("%s: the schema says %s, the parser %s\n%s\n", what, schema_says ? "yes" : "no",
                    parsed == GOOD ? "yes" : "no", text);
    return same;
}

static bool try_text(const char *what, const char *text) {
    struct json_object *value = json_tokener_parse(text);
    assert_non_null(value);
    bool same = agree(what, text, parse_text(text), value);
    json_object_put(value);
    return same;
}

#define DIGITS "0123456789abcdef0123456789abcdef"
#define SUM "\"" DIGITS DIGITS "\""
#define SHA384 "\"" DIGITS DIGITS DIGITS "\""

static const char *const samples[] = {
    "true",
    "7",
    "0",
    "-1",
    "-7",
    "0.5",
    "1.5",
    "\"x\"",
    "\"FP16\"",
    "\"11\"",
    "11",
    "\"?\"",
    "\"\"",
    "\"a\\nb\"",
    "null",
    "[]",
    "[7]",
    "[0]",
    "[-1]",
    "[0.5]",
    "[1, 2]",
    "[1, 2, 3]",
    "[\"x\"]",
    "[\"FP16\"]",
    "[11, \"4\"]",
    "[\"\"]",
    "[\"?\", 2]",
    "[true]",
    "[[7]]",
    "[[7], 8]",
    "[[\"x\"]]",
    "[[]]",
    "[null]",
    "{}",
    "{\"x\": 7}",
    "{\"x\": [7]}",
    "{\"x\": 0.5}",
    "{\"x\": \"y\"}",
    "{\"x\": [true]}",
    "{\"x\": true}",
    "{\"x\": []}",
    "{\"\": [7]}",
    "{\"a\\nb\": [7]}",
    "{\"x\": [0.5]}",
    "{\"x\": [[7]]}",
    "{\"FP32\": 0.1}",
    "{\"FP64\": 0.1}",
    "{\"FP16\": -1}",
    "{\"path\": \"p\"}",
    "{\"url\": \"u\"}",
    "{\"inputs\": \"i\", \"outputs\": \"o\"}",
    "[{\"inputs\": \"i\", \"labels\": \"o\"}]",
    "{\"bytes\": 7}",
    "[{\"name\": \"m\", \"model\": \"n\"}]",
    "\"build.ninja\"",
    "\".x\"",
    "\"a/b\"",
    SUM,    // NOLINT(bugprone-suspicious-missing-comma)
    SHA384, // NOLINT(bugprone-suspicious-missing-comma)
    "\"https://a/b\"",
    "\"http:///b\"",
    "\"ftp://a/b\"",
    "\"file:/b\"",
    "\"file:/b c\"",
    "[\"http://a\", \"x\"]",
    "[\"http://a\", \"file:/b\"]",
    "[{\"path\": \"p\"}]",
    "[{\"url\": \"http://a/b\", \"sha256\": " SUM "}]",
    "[{\"url\": \"http://a/b\"}]",
    "[{\"unpack\": \"p\"}]",
    "[{\"replace\": \"p\", \"pattern\": \"p\", \"with\": \"\"}]",
    "[{\"replace\": \"p\", \"pattern\": \"p\"}]",
};

// Tries every sample as the value of `key`; `before` and `after` make a manifest around it.
static unsigned try_samples(const char *before, const char *key, const char *after) {
    unsigned failed = 0;
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        char text[1024];
        int length = snprintf(text, sizeof text, "%s\"%s\": %s%s", before, key, samples[i], after);
        assert_in_range(length, 1, sizeof text - 1);
        failed += !try_text(key, text);
    }
    return failed;
}

static void they_agree_on_a_models_values(void **state) {
    (void)state;
    unsigned failed = 0;
    json_object_object_foreach(get(def("model"), "properties"), key, rule) {
        (void)rule;
        bool is_model = strcmp(key, "model") == 0 || strcmp(key, "input_model") == 0;
        const char *before = "{\"models\": [{\"name\": \"m\", \"input_model\": \"n\", ";
        if (is_model)
            before = "{\"models\": [{\"name\": \"m\", ";
        if (strcmp(key, "name") == 0)
            before = "{\"models\": [{\"input_model\": \"n\", ";
        failed += try_samples(before, key, "}]}");
    }
    assert_int_equal(failed, 0);
}

static void they_agree_on_defaults(void **state) {
    (void)state;
    unsigned failed = try_samples("{\"models\": [], ", "defaults", "}");
    json_object_object_foreach(get(def("defaults"), "properties"), key, rule) {
        (void)rule;
        failed += try_samples("{\"models\": [], \"defaults\": {", key, "}}");
    }
    assert_int_equal(failed, 0);
}

static void they_agree_on_inner_objects(void **state) {
    (void)state;
    static const char model[] = "{\"models\": [{\"name\": \"m\", \"model\": \"n\", ";
    static const struct {
        enum manifest_object object;
        const char *before, *after;
    } rows[] = {
        {OBJECT_ARCHIVE, "\"archive\": {\"path\": \"a\", ", "}}]}"},
        {OBJECT_ARCHIVE, "\"archive\": {\"url\": \"file:/a\", ", "}}]}"},
        {OBJECT_ARCHIVE, "\"archive\": {\"size\": 7, \"sha256\": " SUM ", ", "}}]}"},
        {OBJECT_SOURCE, "\"sources\": [{\"path\": \"a\", ", "}]}]}"},
        {OBJECT_SOURCE, "\"sources\": [{\"url\": \"http://a/b\", \"name\": \"n\", ", "}]}]}"},
        {OBJECT_SOURCE, "\"sources\": [{\"sha256\": " SUM ", ", "}]}]}"},
        {OBJECT_SOURCE, "\"sources\": [{", "}]}]}"},
        {OBJECT_PREPARE, "\"archive\": \"a\", \"prepare\": [{", "}]}]}"},
        {OBJECT_PREPARE, "\"archive\": \"a\", \"prepare\": [{\"unpack\": \"a\", ", "}]}]}"},
        {OBJECT_PREPARE, "\"sources\": [{\"path\": \"a\"}], \"prepare\": [{\"replace\": \"a\", ",
         "}]}]}"},
        {OBJECT_PREPARE,
         "\"archive\": \"a\", \"prepare\": [{\"replace\": \"a\", \"pattern\": \"b\", \"with\": "
         "\"c\", ",
         "}]}]}"},
        {OBJECT_ARCHIVE, "\"archive\": {", "}}]}"},
        {OBJECT_LIMITS, "\"archive\": {\"path\": \"a\", \"limits\": {", "}}}]}"},
        {OBJECT_GOLDEN, "\"golden\": {\"inputs\": \"a\", \"outputs\": \"b\", ", "}}]}"},
        {OBJECT_GOLDEN, "\"golden\": {\"inputs\": \"a\", \"labels\": \"b\", ", "}}]}"},
        {OBJECT_GOLDEN, "\"golden\": {\"inputs\": \"a\", ", "}}]}"},
    };
    unsigned failed = 0;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *keys[16] = {NULL};
        const char *const *names = manifest_keys(rows[i].object);
        for (size_t k = 0; names[k] != NULL; k++)
            keys[k] = names[k];
        for (size_t k = 0; keys[k] != NULL; k++) {
            char pair[64], before[256];
            snprintf(pair, sizeof pair, "\"%s\": ", keys[k]);
            if (strstr(rows[i].before, pair) != NULL)
                continue; // it would stand twice
            snprintf(before, sizeof before, "%s%s", model, rows[i].before);
            failed += try_samples(before, keys[k], rows[i].after);
        }
    }
    assert_int_equal(failed, 0);
}

static void they_agree_on_the_root(void **state) {
    (void)state;
    unsigned failed = !try_text("empty", "{}");
    failed += try_samples("{", "models", "}");
    failed += try_samples("{\"models\": [], ", "colour", "}");
    failed += try_samples("{\"models\": [{\"name\": \"m\", \"model\": \"n\", ", "colour", "}]}");
    assert_int_equal(failed, 0);
}

// ---- The cases of manifest_read_test ----

static struct json_object *to_json(const struct yaml *node) {
    struct json_object *json = NULL;
    switch (node->type) {
    case YAML_IS_NULL:
        break;
    case YAML_IS_FLAG:
        json = json_object_new_boolean(node->text[0] == 't');
        break;
    case YAML_IS_INTEGER:
        json = json_object_new_int64(strtoll(node->text, NULL, 10));
        break;
    case YAML_IS_NUMBER:
        json = json_object_new_double(strtod(node->text, NULL));
        break;
    case YAML_IS_TEXT:
        json = json_object_new_string(node->text);
        break;
    case YAML_IS_LIST:
        json = json_object_new_array();
        for (uint32_t i = 0; i < node->count; i++)
            json_object_array_add(json, to_json(node->items[i]));
        break;
    case YAML_IS_MAP:
        json = json_object_new_object();
        for (uint32_t i = 0; i < node->count; i++)
            json_object_object_add(json, node->keys[i]->text, to_json(node->items[i]));
        break;
    }
    return json;
}

static void the_schema_takes_every_good_case(void **state) {
    (void)state;
    glob_t found;
    unsigned failed = 0, good = 0;
    assert_int_equal(glob("tests/cases/manifest/*.yml", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *path = found.gl_pathv[i];
        if (strstr(path, "/bad_") != NULL)
            continue;
        struct arena *arena = arena_new();
        struct yaml_file *file = yaml_read(arena, path, diag_new(arena));
        assert_non_null(file);
        struct json_object *value = to_json(file->root);
        failed += !agree(path, "", parse(path), value);
        good++;
        json_object_put(value);
        arena_free(arena);
    }
    globfree(&found);
    assert_true(good >= 10);
    assert_int_equal(failed, 0);
}

static int set_up(void **state) {
    (void)state;
    if (!scratch_make(folder))
        return -1;
    snprintf(manifest_path, sizeof manifest_path, "%s/zoo.yml", folder);
    schema = json_object_from_file("manifests/manifest.schema.json");
    return schema == NULL ? -1 : 0;
}

static int tear_down(void **state) {
    (void)state;
    json_object_put(schema);
    return tree_remove(folder) ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schema_has_the_parsers_keys),
        cmocka_unit_test(the_schemas_defaults_are_a_models_keys),
        cmocka_unit_test(they_agree_on_a_models_values),
        cmocka_unit_test(they_agree_on_defaults),
        cmocka_unit_test(they_agree_on_inner_objects),
        cmocka_unit_test(they_agree_on_the_root),
        cmocka_unit_test(the_schema_takes_every_good_case),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
