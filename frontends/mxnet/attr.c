// SPDX-License-Identifier: Apache-2.0
// The values of MXNet's attribute texts, which Python wrote: True, (3, 3), None, 1e-05.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "frontends/mxnet/symbol.h"

const char *mxnet_attr(const struct mxnet_node *node, const char *key) {
    for (uint32_t i = 0; i < node->attr_count; i++)
        if (strcmp(node->attrs[i].key, key) == 0)
            return strcmp(node->attrs[i].value, "None") == 0 ? NULL : node->attrs[i].value;
    return NULL;
}

bool mxnet_attr_bool(const struct mxnet_node *node, const char *key, bool otherwise, bool *out) {
    const char *text = mxnet_attr(node, key);
    *out = otherwise;
    if (text == NULL)
        return true;
    bool yes = strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0;
    bool no = strcasecmp(text, "false") == 0 || strcmp(text, "0") == 0;
    *out = yes;
    return yes || no;
}

// One number at *text, which moves behind it; Python's long suffix "L" is passed over.
static bool next_number(const char **text, double *out) {
    char *end;
    *out = strtod(*text, &end);
    if (end == *text)
        return false;
    *text = *end == 'L' ? end + 1 : end;
    return true;
}

static bool is_end(const char *text) {
    return text[strspn(text, " \t")] == '\0';
}

bool mxnet_attr_float(const struct mxnet_node *node, const char *key, double otherwise,
                      double *out) {
    const char *text = mxnet_attr(node, key);
    *out = otherwise;
    return text == NULL || (next_number(&text, out) && is_end(text));
}

bool mxnet_attr_int(const struct mxnet_node *node, const char *key, int64_t otherwise,
                    int64_t *out) {
    double value;
    *out = otherwise;
    if (mxnet_attr(node, key) == NULL)
        return true;
    if (!mxnet_attr_float(node, key, 0, &value) || !(value > -9e15 && value < 9e15))
        return false;
    *out = (int64_t)value;
    return (double)*out == value;
}

// Numbers between brackets, by commas. Writes to `out` when it is not NULL; -1 when malformed.
static int64_t scan_list(const char *text, double none, double *out) {
    static const char *const separators = " \t,()[]";
    int64_t count = 0;
    for (text += strspn(text, separators); *text != '\0'; text += strspn(text, separators)) {
        double value = none;
        if (strncmp(text, "None", 4) == 0)
            text += 4;
        else if (!next_number(&text, &value))
            return -1;
        if (out != NULL)
            out[count] = value;
        count++;
    }
    return count;
}

static bool read_list(struct arena *arena, const struct mxnet_node *node, const char *key,
                      double none, double **out, uint32_t *count) {
    const char *text = mxnet_attr(node, key);
    int64_t n = text != NULL ? scan_list(text, none, NULL) : 0;
    *count = 0;
    if (n < 0 || n > 4096)
        return false;
    *out = arena_array_of(arena, (size_t)n, double);
    *count = (uint32_t)n;
    return n == 0 || scan_list(text, none, *out) == n;
}

bool mxnet_attr_ints(struct arena *arena, const struct mxnet_node *node, const char *key,
                     int64_t none, struct ints *out) {
    double *numbers;
    uint32_t count;
    *out = (struct ints){0};
    if (!read_list(arena, node, key, (double)none, &numbers, &count))
        return false;
    int64_t *data = arena_array_of(arena, count, int64_t);
    for (uint32_t i = 0; i < count; i++) {
        bool is_none = numbers[i] == (double)none;
        if (!is_none && !(numbers[i] > -9e15 && numbers[i] < 9e15))
            return false;
        data[i] = is_none ? none : (int64_t)numbers[i];
    }
    *out = (struct ints){.data = data, .count = count};
    return true;
}

bool mxnet_attr_floats(struct arena *arena, const struct mxnet_node *node, const char *key,
                       struct floats *out) {
    double *numbers;
    uint32_t count;
    *out = (struct floats){0};
    if (!read_list(arena, node, key, 0, &numbers, &count))
        return false;
    float *data = arena_array_of(arena, count, float);
    for (uint32_t i = 0; i < count; i++)
        data[i] = (float)numbers[i];
    *out = (struct floats){.data = data, .count = count};
    return true;
}
