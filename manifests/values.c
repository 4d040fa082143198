// SPDX-License-Identifier: Apache-2.0
// Readers of single values: each checks the type, then the value.
#include "manifests/read.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/strbuf.h"

void report_type(struct reading *r, const char *key, const struct yaml *node, const char *wanted) {
    struct place at = yaml_place(r->file, node);
    diag_report(r->diag, &at, MANIFEST_TYPE, key, wanted, yaml_type_name(node->type));
}

void report_value(struct reading *r, const char *key, const struct yaml *node, const char *why) {
    struct place at = yaml_place(r->file, node);
    diag_report(r->diag, &at, MANIFEST_VALUE, key, node->text == NULL ? "this" : node->text, why);
}

void report_missing(struct reading *r, const struct yaml *node, const char *what, const char *key) {
    struct place at = yaml_place(r->file, node);
    diag_report(r->diag, &at, MANIFEST_KEY_MISSING, what, key);
}

// ---- Texts ----

static bool has_control(const char *text) {
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c < ' ' || *c == 0x7f)
            return true;
    }
    return false;
}

static const char control_fault[] = "it has a line break or another control character";

bool check_map_key(struct reading *r, const char *key, const struct yaml *map_key) {
    if (has_control(map_key->text))
        report_value(r, key, map_key, control_fault);
    else if (map_key->text[0] == '\0')
        report_value(r, key, map_key, "it is empty");
    else
        return true;
    return false;
}

bool take_text(struct reading *r, const char *key, const struct yaml *node, const char *wanted,
               const char **out) {
    if (node->type != YAML_IS_TEXT) {
        bool looks_else = node->type > YAML_IS_NULL && node->type < YAML_IS_TEXT;
        if (looks_else)
            wanted = arena_printf(r->arena, "%s (put it in quotes)", wanted);
        report_type(r, key, node, wanted);
        return false;
    }
    const char *why = node->text[0] == '\0' ? "it is empty" : NULL;
    if (has_control(node->text))
        why = control_fault;
    if (why != NULL)
        report_value(r, key, node, why);
    else
        *out = node->text;
    return why == NULL;
}

void read_text(struct reading *r, const char *key, const struct yaml *node, void *field) {
    take_text(r, key, node, "text", field);
}

void read_path(struct reading *r, const char *key, const struct yaml *node, void *field) {
    take_text(r, key, node, "a path", field);
}

const struct yaml *const *read_one_or_list(const struct yaml *const *node, uint32_t *count) {
    bool list = (*node)->type == YAML_IS_LIST;
    *count = list ? (*node)->count : 1;
    return list ? (const struct yaml *const *)(*node)->items : node;
}

void read_paths(struct reading *r, const char *key, const struct yaml *node, void *field) {
    static const char wanted[] = "a path or a list of paths";
    uint32_t count;
    const struct yaml *const *nodes = read_one_or_list(&node, &count);
    struct text_list list = {.items = arena_array_of(r->arena, count, const char *)};
    for (uint32_t i = 0; i < count; i++)
        list.count += take_text(r, key, nodes[i], wanted, &list.items[list.count]);
    if (count == 0)
        report_value(r, key, node, "the list is empty");
    if (list.count == count && count > 0)
        *(struct text_list *)field = list;
}

void read_name(struct reading *r, const char *key, const struct yaml *node, void *field) {
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-.";
    enum { LONGEST = 100 };
    const char *name;
    if (!take_text(r, key, node, "text", &name))
        return;
    if (name[strspn(name, allowed)] != '\0' || name[0] == '.' || name[0] == '-')
        report_value(r, key, node,
                     "it may have letters, digits and _ + - . and begins with none of - and .");
    else if (strcmp(name, "build.ninja") == 0 || strcmp(name, "zoo.json") == 0)
        report_value(r, key, node, "the build folder has a file of this name");
    else if (strlen(name) > LONGEST)
        report_value(r, key, node, "it has more than 100 characters");
    else
        *(const char **)field = name;
}

static void take_digits(struct reading *r, const char *key, const struct yaml *node, size_t digits,
                        const char *why, void *field) {
    const char *sum;
    if (!take_text(r, key, node, "text", &sum))
        return;
    if (strlen(sum) != digits || strspn(sum, "0123456789abcdef") != digits)
        report_value(r, key, node, why);
    else
        *(const char **)field = sum;
}

void read_sha256(struct reading *r, const char *key, const struct yaml *node, void *field) {
    take_digits(r, key, node, 64, "a SHA-256 has 64 hexadecimal digits, 0 to 9 and a to f", field);
}

void read_sha384(struct reading *r, const char *key, const struct yaml *node, void *field) {
    take_digits(r, key, node, 96, "a SHA-384 has 96 hexadecimal digits, 0 to 9 and a to f", field);
}

// ---- Numbers ----

void read_count(struct reading *r, const char *key, const struct yaml *node, void *field) {
    if (node->type != YAML_IS_INTEGER) {
        report_type(r, key, node, "an integer");
        return;
    }
    errno = 0;
    char *end;
    unsigned long long value = strtoull(node->text, &end, 10);
    if (errno != 0 || value == 0 || node->text[0] == '-')
        report_value(r, key, node, "it must be at least 1 and fit 64 bits");
    else
        *(uint64_t *)field = value;
}

static bool take_number(struct reading *r, const char *key, const struct yaml *node, double least,
                        double most, double *out) {
    if (node->type != YAML_IS_INTEGER && node->type != YAML_IS_NUMBER) {
        report_type(r, key, node, "a number");
        return false;
    }
    double value = strtod(node->text, NULL);
    if (!(value >= least && value <= most)) {
        report_value(r, key, node,
                     isfinite(most) ? "it must lie between 0 and 1" : "it must be at least 0");
        return false;
    }
    *out = value;
    return true;
}

void read_share(struct reading *r, const char *key, const struct yaml *node, void *field) {
    take_number(r, key, node, 0, 1, field);
}

static const char *const precision_names[PRECISION_COUNT] = {"FP32", "FP16"};

static void read_tolerance_map(struct reading *r, const char *key, const struct yaml *node,
                               double *tolerance) {
    for (uint32_t i = 0; i < node->count; i++) {
        unsigned p = 0;
        while (p < PRECISION_COUNT && strcmp(precision_names[p], node->keys[i]->text) != 0)
            p++;
        if (p == PRECISION_COUNT)
            report_value(r, key, node->keys[i], "the precisions are FP32 and FP16");
        else
            take_number(r, key, node->items[i], 0, HUGE_VAL, &tolerance[p]);
    }
}

void read_tolerance(struct reading *r, const char *key, const struct yaml *node, void *field) {
    double *tolerance = field, value;
    if (node->type == YAML_IS_MAP) {
        read_tolerance_map(r, key, node, tolerance);
    } else if (node->type != YAML_IS_INTEGER && node->type != YAML_IS_NUMBER) {
        report_type(r, key, node, "a number, or a map from precisions to numbers");
    } else if (take_number(r, key, node, 0, HUGE_VAL, &value)) {
        tolerance[PRECISION_FP32] = value;
        tolerance[PRECISION_FP16] = fmax(value, tolerance[PRECISION_FP16]);
    }
}

void read_node(struct reading *r, const char *key, const struct yaml *node, void *field) {
    (void)r;
    (void)key;
    *(const struct yaml **)field = node;
}
