// SPDX-License-Identifier: Apache-2.0
// Values with a grammar. A text is first cut into items at the commas outside brackets; an item is
// then taken apart from its end: value, type, shape, ports.
#include "compiler/options/values.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>

static const char brackets_open[] = "([{", brackets_close[] = ")]}";

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char *trimmed(struct arena *arena, const char *text, size_t length) {
    while (length > 0 && is_blank(*text)) {
        text++;
        length--;
    }
    while (length > 0 && is_blank(text[length - 1]))
        length--;
    return arena_strndup(arena, text, length);
}

static char *capitals(char *text) {
    for (char *c = text; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
    return text;
}

// Length of the item at the start of `text`: up to a comma outside brackets, or the end.
static size_t item_length(const char *text) {
    unsigned depth = 0;
    size_t i = 0;
    for (; text[i] != '\0' && (text[i] != ',' || depth > 0); i++) {
        if (strchr(brackets_open, text[i]) != NULL)
            depth++;
        else if (strchr(brackets_close, text[i]) != NULL && depth > 0)
            depth--;
    }
    return i;
}

static bool value_error(const struct option_parser *p, const char *text, const char *why) {
    diag_report(p->diag, p->at, OPTION_VALUE, p->option, text, why);
    return false;
}

bool option_parse_names(const struct option_parser *p, const char *text, struct option_names *out) {
    uint32_t count = 1;
    for (size_t at = item_length(text); text[at] != '\0'; at += 1 + item_length(text + at + 1))
        count++;
    const char **items = arena_array_of(p->arena, count, const char *);
    const char *rest = text;
    for (uint32_t i = 0; i < count; i++) {
        size_t length = item_length(rest);
        items[i] = trimmed(p->arena, rest, length);
        if (items[i][0] == '\0')
            return value_error(p, text, "an item of the list is empty");
        rest += length + (rest[length] == ',' ? 1 : 0);
    }
    *out = (struct option_names){items, count};
    return true;
}

// ---- Numbers in brackets ----

// Cuts the bracketed end off `item`: "data[1,2]" gives "data" and "1,2". False when there is none.
static bool cut_bracket(struct arena *arena, const char *item, const char *open_set,
                        const char **head, const char **inside) {
    size_t length = strlen(item);
    if (length < 2)
        return false;
    const char *close = strchr(brackets_close, item[length - 1]);
    if (close == NULL)
        return false;
    char open = brackets_open[close - brackets_close];
    if (strchr(open_set, open) == NULL)
        return false;
    for (size_t i = length - 1; i-- > 0;) {
        if (item[i] != open)
            continue;
        *head = trimmed(arena, item, i);
        *inside = trimmed(arena, item + i + 1, length - i - 2);
        return true;
    }
    return false;
}

// The next word of a list parted by commas or blanks: NULL at the end, "" where one is missing.
static const char *next_word(struct arena *arena, const char **text, bool first) {
    const char *s = *text;
    while (is_blank(*s))
        s++;
    if (*s == '\0' && first)
        return NULL;
    if (!first) {
        if (*s == '\0')
            return NULL;
        if (*s == ',')
            s++;
        while (is_blank(*s))
            s++;
    }
    size_t length = strcspn(s, ", \t\r\n");
    *text = s + length;
    return arena_strndup(arena, s, length);
}

static bool word_is_count(const char *word, size_t length, int64_t *count) {
    char *end = NULL;
    errno = 0;
    long long value = strtoll(word, &end, 10);
    *count = value;
    return isdigit((unsigned char)word[0]) && end == word + length && errno == 0 && value > 0;
}

// "1..8", "1..", "..8".
static bool word_is_range(const char *word, int64_t *least, int64_t *most) {
    const char *dots = strstr(word, "..");
    if (dots == NULL || strlen(word) <= 2)
        return false;
    return (dots == word || word_is_count(word, (size_t)(dots - word), least)) &&
           (dots[2] == '\0' || word_is_count(dots + 2, strlen(dots + 2), most)) &&
           (*most < 0 || *least <= *most);
}

static bool word_is_dim(const char *word, int64_t *dim, int64_t *least, int64_t *most) {
    *least = 0;
    *dim = *most = -1;
    if (strcmp(word, "?") == 0 || strcmp(word, "-1") == 0)
        return true;
    if (!word_is_range(word, least, most))
        return word_is_count(word, strlen(word), dim);
    if (*least == *most)
        *dim = *least;
    return true;
}

static bool parse_dims(struct arena *arena, const char *inside, struct option_dims *out) {
    out->rank = 0;
    const char *word;
    for (bool first = true; (word = next_word(arena, &inside, first)) != NULL; first = false) {
        if (out->rank == OPTION_MAX_RANK ||
            !word_is_dim(word, &out->dims[out->rank], &out->least[out->rank],
                         &out->most[out->rank]))
            return false;
        out->rank++;
    }
    return true;
}

static bool word_is_number(const char *word, double *value) {
    static const struct {
        const char *word;
        double value;
    } words[] = {{"True", 1}, {"true", 1}, {"False", 0}, {"false", 0}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(word, words[i].word) == 0) {
            *value = words[i].value;
            return true;
        }
    char *end = NULL;
    *value = strtod(word, &end);
    return end != word && *end == '\0' && isfinite(*value) != 0;
}

static bool parse_numbers(struct arena *arena, const char *inside, const double **values,
                          uint32_t *count) {
    double *numbers = arena_array_of(arena, strlen(inside) / 2 + 1, double);
    *count = 0;
    const char *word;
    for (bool first = true; (word = next_word(arena, &inside, first)) != NULL; first = false)
        if (!word_is_number(word, &numbers[(*count)++]))
            return false;
    *values = numbers;
    return true;
}

bool option_parse_numbers(const struct option_parser *p, const char *text, const double **values,
                          uint32_t *count, bool *scalar) {
    const char *whole = trimmed(p->arena, text, strlen(text)), *head = "", *inside = whole;
    *scalar = !cut_bracket(p->arena, whole, "[(", &head, &inside);
    if (head[0] != '\0' || !parse_numbers(p->arena, inside, values, count) ||
        (*scalar && *count != 1)) {
        diag_report(p->diag, p->at, VALUES_SYNTAX, text);
        return false;
    }
    return true;
}

// ---- Shapes ----

bool option_parse_shapes(const struct option_parser *p, const char *text,
                         struct option_shapes *out) {
    struct option_names items;
    if (!option_parse_names(p, text, &items))
        return false;
    struct option_dims *shapes = arena_array_of(p->arena, items.count, struct option_dims);
    for (uint32_t i = 0; i < items.count; i++) {
        const char *head = "", *inside = "";
        if (!cut_bracket(p->arena, items.items[i], "[(", &head, &inside) || head[0] != '\0' ||
            !parse_dims(p->arena, inside, &shapes[i])) {
            diag_report(p->diag, p->at, SHAPE_SYNTAX, items.items[i]);
            return false;
        }
    }
    *out = (struct option_shapes){shapes, items.count};
    return true;
}

static void print_dim(const struct option_dims *dims, uint32_t i, struct strbuf *out) {
    if (dims->dims[i] != -1 || (dims->least[i] == 0 && dims->most[i] == -1)) {
        strbuf_printf(out, "%lld", (long long)dims->dims[i]);
        return;
    }
    if (dims->least[i] > 0)
        strbuf_printf(out, "%lld", (long long)dims->least[i]);
    strbuf_puts(out, "..");
    if (dims->most[i] != -1)
        strbuf_printf(out, "%lld", (long long)dims->most[i]);
}

static void print_dims(const struct option_dims *dims, struct strbuf *out) {
    strbuf_putc(out, '[');
    for (uint32_t i = 0; i < dims->rank; i++) {
        strbuf_puts(out, i == 0 ? "" : ",");
        print_dim(dims, i, out);
    }
    strbuf_putc(out, ']');
}

void option_print_shapes(const struct option_shapes *shapes, struct strbuf *out) {
    for (uint32_t i = 0; i < shapes->count; i++) {
        strbuf_puts(out, i == 0 ? "" : ",");
        print_dims(&shapes->items[i], out);
    }
}

// ---- Inputs ----

static bool port_number(const char *text, size_t length, int *port) {
    if (length == 0 || length > 9 || strspn(text, "0123456789") < length)
        return false;
    *port = (int)strtol(text, NULL, 10);
    return true;
}

// "3:name" and "name:3". A number on both sides is an input port of a node called "name:3".
static void parse_ports(struct arena *arena, const char *text, struct option_input *in) {
    in->name = text;
    in->port = -1;
    const char *first = strchr(text, ':'), *last = strrchr(text, ':');
    if (first == NULL)
        return;
    if (port_number(text, (size_t)(first - text), &in->port) && first[1] != '\0') {
        in->port_is_input = true;
        in->name = arena_strdup(arena, first + 1);
    } else if (last > text && port_number(last + 1, strlen(last + 1), &in->port)) {
        in->name = arena_strndup(arena, text, (size_t)(last - text));
    }
}

static bool parse_type(const struct option_parser *p, const char *name, enum dtype *type) {
    *type = dtype_from_opset_name(name);
    if (*type == DT_UNKNOWN)
        *type = dtype_from_classic_name(name);
    if (*type == DT_UNKNOWN)
        *type = dtype_from_classic_name(capitals(arena_strdup(p->arena, name)));
    if (*type != DT_UNKNOWN)
        return true;
    diag_report(p->diag, p->at, DATA_TYPE, name);
    return false;
}

// "name[shape]{type}->value", each part but the name optional.
static bool parse_input(const struct option_parser *p, const char *item, struct option_input *in) {
    const char *arrow = strstr(item, "->"), *head, *inside;
    const char *rest = item;
    if (arrow != NULL) {
        in->value = trimmed(p->arena, arrow + 2, strlen(arrow + 2));
        rest = trimmed(p->arena, item, (size_t)(arrow - item));
    }
    if (cut_bracket(p->arena, rest, "{", &head, &inside)) {
        if (!parse_type(p, inside, &in->type))
            return false;
        rest = head;
    }
    // Round brackets are left to names: "pool(2)".
    if (cut_bracket(p->arena, rest, "[", &head, &inside) &&
        parse_dims(p->arena, inside, &in->shape)) {
        in->has_shape = true;
        rest = head;
    }
    parse_ports(p->arena, rest, in);
    if (in->name[0] == '\0' || (in->value != NULL && in->value[0] == '\0'))
        return value_error(p, item, "write NAME, NAME[1 2 3] or NAME->VALUE");
    return true;
}

bool option_parse_inputs(const struct option_parser *p, const char *text,
                         struct option_inputs *out) {
    struct option_names items;
    if (!option_parse_names(p, text, &items))
        return false;
    struct option_input *inputs = arena_array_of(p->arena, items.count, struct option_input);
    for (uint32_t i = 0; i < items.count; i++)
        if (!parse_input(p, items.items[i], &inputs[i]))
            return false;
    *out = (struct option_inputs){inputs, items.count};
    return true;
}

bool option_parse_freeze(const struct option_parser *p, const char *text,
                         struct option_inputs *out) {
    if (!option_parse_inputs(p, text, out))
        return false;
    for (uint32_t i = 0; i < out->count; i++) {
        const struct option_input *in = &out->items[i];
        if (in->value == NULL || in->has_shape)
            return value_error(p, text, "write NAME->VALUE,NAME->VALUE");
        for (uint32_t k = 0; k < i; k++) {
            const struct option_input *other = &out->items[k];
            if (strcmp(other->name, in->name) == 0 && strcmp(other->value, in->value) != 0)
                return value_error(p, text, "one input cannot have two values");
        }
    }
    return true;
}

static void print_input(const struct option_input *in, struct strbuf *out) {
    if (in->port >= 0 && in->port_is_input)
        strbuf_printf(out, "%d:", in->port);
    strbuf_puts(out, in->name);
    if (in->port >= 0 && !in->port_is_input)
        strbuf_printf(out, ":%d", in->port);
    if (in->has_shape)
        print_dims(&in->shape, out);
    if (in->type != DT_UNKNOWN)
        strbuf_printf(out, "{%s}", dtype_opset_name(in->type));
    if (in->value != NULL)
        strbuf_printf(out, "->%s", in->value);
}

void option_print_inputs(const struct option_inputs *inputs, struct strbuf *out) {
    for (uint32_t i = 0; i < inputs->count; i++) {
        strbuf_puts(out, i == 0 ? "" : ",");
        print_input(&inputs->items[i], out);
    }
}

// ---- Mean and scale ----

bool option_parse_channels(const struct option_parser *p, const char *text,
                           struct option_channel_lists *out) {
    struct option_names items;
    if (!option_parse_names(p, text, &items))
        return false;
    struct option_channels *lists = arena_array_of(p->arena, items.count, struct option_channels);
    for (uint32_t i = 0; i < items.count; i++) {
        const char *head = "", *inside = "";
        bool ok = cut_bracket(p->arena, items.items[i], "[(", &head, &inside) &&
                  parse_numbers(p->arena, inside, &lists[i].values, &lists[i].count) &&
                  lists[i].count > 0;
        lists[i].name = head[0] == '\0' ? NULL : head;
        if (!ok || (lists[i].name == NULL) != (lists[0].name == NULL)) {
            diag_report(p->diag, p->at, VALUES_FORMAT, text);
            return false;
        }
    }
    *out = (struct option_channel_lists){lists, items.count};
    return true;
}

void option_print_channels(const struct option_channel_lists *lists, struct strbuf *out) {
    for (uint32_t i = 0; i < lists->count; i++) {
        const struct option_channels *list = &lists->items[i];
        strbuf_printf(out, "%s%s[", i == 0 ? "" : ",", list->name == NULL ? "" : list->name);
        for (uint32_t k = 0; k < list->count; k++) {
            strbuf_puts(out, k == 0 ? "" : ",");
            strbuf_double(out, list->values[k]);
        }
        strbuf_putc(out, ']');
    }
}

bool option_parse_offsets(const struct option_parser *p, const char *text, int64_t out[2]) {
    const double *values = NULL;
    uint32_t count = 0;
    bool scalar = false;
    if (!option_parse_numbers(p, text, &values, &count, &scalar))
        return false;
    if (count != 2 || floor(values[0]) != values[0] || floor(values[1]) != values[1] ||
        fabs(values[0]) > INT_MAX || fabs(values[1]) > INT_MAX) {
        diag_report(p->diag, p->at, VALUES_SYNTAX, text);
        return false;
    }
    if (values[0] < 0 || values[1] < 0) {
        diag_report(p->diag, p->at, MEAN_OFFSET_NEGATIVE, text);
        return false;
    }
    out[0] = (int64_t)values[0];
    out[1] = (int64_t)values[1];
    return true;
}

// ---- Layouts ----

// Distinct letters, one a dimension.
static bool is_layout(const char *text) {
    size_t length = strlen(text);
    if (length == 0 || length > OPTION_MAX_RANK)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalpha((unsigned char)text[i]) || strchr(text + i + 1, text[i]) != NULL)
            return false;
    return true;
}

static bool same_letters(const char *a, const char *b) {
    for (const char *c = a; *c != '\0'; c++)
        if (strchr(b, *c) == NULL)
            return false;
    return strlen(a) == strlen(b);
}

static bool parse_layout(struct arena *arena, const char *item, struct option_layout *out) {
    const char *head = "", *inside = item;
    if (cut_bracket(arena, item, "(", &head, &inside) && head[0] == '\0')
        return false;
    out->name = head[0] == '\0' ? NULL : head;
    const char *arrow = strstr(inside, "->");
    size_t length = arrow != NULL ? (size_t)(arrow - inside) : strlen(inside);
    out->source = capitals(trimmed(arena, inside, length));
    if (arrow != NULL)
        out->target = capitals(trimmed(arena, arrow + 2, strlen(arrow + 2)));
    return is_layout(out->source) &&
           (out->target == NULL ||
            (is_layout(out->target) && same_letters(out->source, out->target)));
}

bool option_parse_layouts(const struct option_parser *p, const char *text,
                          struct option_layouts *out) {
    struct option_names items;
    if (!option_parse_names(p, text, &items))
        return false;
    struct option_layout *layouts = arena_array_of(p->arena, items.count, struct option_layout);
    for (uint32_t i = 0; i < items.count; i++) {
        if (!parse_layout(p->arena, items.items[i], &layouts[i]))
            return value_error(p, items.items[i], "write NHWC, NHWC->NCHW or NAME(NHWC->NCHW)");
        if (layouts[i].name == NULL && items.count > 1)
            return value_error(p, text, "several layouts need the names of their inputs");
    }
    *out = (struct option_layouts){layouts, items.count};
    return true;
}

void option_print_layouts(const struct option_layouts *layouts, struct strbuf *out) {
    for (uint32_t i = 0; i < layouts->count; i++) {
        const struct option_layout *l = &layouts->items[i];
        strbuf_puts(out, i == 0 ? "" : ",");
        if (l->name != NULL)
            strbuf_printf(out, "%s(", l->name);
        strbuf_printf(out, "%s%s%s", l->source, l->target == NULL ? "" : "->",
                      l->target == NULL ? "" : l->target);
        if (l->name != NULL)
            strbuf_putc(out, ')');
    }
}
