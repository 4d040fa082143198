// SPDX-License-Identifier: Apache-2.0
#include "compiler/options/options.h"

#include <ctype.h>
#include <math.h>

#include "compiler/base/suggest.h"
#include "compiler/options/values.h"

const struct option_def option_table[OPTION_COUNT_OF_IDS] = {
#define OPTION(name_, letters_, kind_, role_, group_, fallback_, extra_, help_)                    \
    {.name = #name_,                                                                               \
     .letters = letters_,                                                                          \
     .kind = OPTION_##kind_,                                                                       \
     .role = OPTION_##role_,                                                                       \
     .group = OPTION_##group_,                                                                     \
     .fallback = fallback_,                                                                        \
     .extra = extra_,                                                                              \
     .help = help_},
#include "compiler/options/options.def"
#undef OPTION
};

const struct option_def *option_find(const char *name) {
    for (size_t i = 0; i < OPTION_COUNT_OF_IDS; i++)
        if (strcmp(option_table[i].name, name) == 0)
            return &option_table[i];
    return NULL;
}

const char *option_suggest(const char *wrong) {
    const char *names[OPTION_COUNT_OF_IDS];
    for (size_t i = 0; i < OPTION_COUNT_OF_IDS; i++)
        names[i] = option_table[i].name;
    return suggest(wrong, names, OPTION_COUNT_OF_IDS);
}

bool option_reads_path(const struct option_def *def) {
    switch (def->kind) {
    case OPTION_FILE:
    case OPTION_FILES:
    case OPTION_PREFIX:
    case OPTION_FOLDER:
    case OPTION_FOLDERS:
        return true;
    default:
        return false;
    }
}

const char *option_group_framework(enum option_group group) {
    static const char *const names[OPTION_GROUP_COUNT] = {[OPTION_CAFFE] = "caffe",
                                                          [OPTION_TF] = "tf",
                                                          [OPTION_MXNET] = "mxnet",
                                                          [OPTION_KALDI] = "kaldi"};
    return names[group];
}

const char *option_text(const struct option_values *values, enum option_id id) {
    return values->text[id] != NULL ? values->text[id] : option_table[id].fallback;
}

bool option_flag(const struct option_values *values, enum option_id id) {
    const char *text = option_text(values, id);
    return text != NULL && strcmp(text, "true") == 0;
}

// ---- Normal forms ----

static const char *value_refused(struct diag *diag, const struct place *at,
                                 const struct option_def *def, const char *text, const char *why) {
    diag_report(diag, at, OPTION_VALUE, def->name, text, why);
    return NULL;
}

static const char *normal_flag(struct diag *diag, const struct place *at,
                               const struct option_def *def, const char *text) {
    static const char *const words[][2] = {{"true", "true"}, {"1", "true"},      {"yes", "true"},
                                           {"on", "true"},   {"false", "false"}, {"0", "false"},
                                           {"no", "false"},  {"off", "false"}};
    for (size_t i = 0; text != NULL && i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasecmp(text, words[i][0]) == 0)
            return words[i][1];
    return text == NULL ? "true" : value_refused(diag, at, def, text, "it is true or false");
}

static const char *normal_number(struct arena *arena, struct diag *diag, const struct place *at,
                                 const struct option_def *def, const char *text) {
    char *end = NULL;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value))
        return value_refused(diag, at, def, text, "it is a number");
    struct strbuf sb = STRBUF_INIT;
    strbuf_double(&sb, value);
    const char *normal = arena_strdup(arena, sb.data);
    strbuf_free(&sb);
    return normal;
}

static const char *normal_count(struct arena *arena, struct diag *diag, const struct place *at,
                                const struct option_def *def, const char *text) {
    char *end = NULL;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || value <= 0 || value > INT32_MAX)
        return value_refused(diag, at, def, text, "it is a positive integer");
    return arena_printf(arena, "%lld", value);
}

// One of "A,B,c=A": the normal name of `text` there, or NULL.
static const char *choice_of(struct arena *arena, const char *choices, const char *text) {
    size_t length;
    for (const char *c = choices; *c != '\0'; c += length + (c[length] == ',' ? 1 : 0)) {
        length = strcspn(c, ",");
        size_t word = strcspn(c, ",=");
        if (strlen(text) != word || strncasecmp(text, c, word) != 0)
            continue;
        return word == length ? arena_strndup(arena, c, length)
                              : arena_strndup(arena, c + word + 1, length - word - 1);
    }
    return NULL;
}

static const char *normal_choice(struct arena *arena, struct diag *diag, const struct place *at,
                                 const struct option_def *def, const char *text) {
    const char *normal = choice_of(arena, def->extra, text);
    if (normal != NULL)
        return normal;
    const char *names = "choose from ";
    for (const char *c = def->extra; *c != '\0'; c += strcspn(c, ","), c += *c == ',')
        names = arena_printf(arena, "%s%s%.*s", names, c == def->extra ? "" : ", ",
                             (int)strcspn(c, ",="), c);
    return value_refused(diag, at, def, text, names);
}

static bool list_has(const char *list, const char *word) {
    size_t length = strlen(word);
    for (const char *s = list; (s = strstr(s, word)) != NULL; s += length)
        if ((s == list || s[-1] == ',') && (s[length] == ',' || s[length] == '\0'))
            return true;
    return false;
}

static const char *joined(struct arena *arena, const char *list, const char *item) {
    return list[0] == '\0' ? item : arena_printf(arena, "%s,%s", list, item);
}

static const char *normal_choices(struct arena *arena, struct diag *diag, const struct place *at,
                                  const struct option_def *def, const char *text) {
    struct option_parser p = {arena, diag, at, def->name};
    struct option_names items;
    if (!option_parse_names(&p, text, &items))
        return NULL;
    const char *normal = "";
    for (uint32_t i = 0; i < items.count; i++) {
        const char *item = normal_choice(arena, diag, at, def, items.items[i]);
        if (item == NULL)
            return NULL;
        if (!list_has(normal, item))
            normal = joined(arena, normal, item);
    }
    return normal;
}

static const char *normal_names(const struct option_parser *p, const char *text) {
    struct option_names items;
    if (!option_parse_names(p, text, &items))
        return NULL;
    const char *normal = "";
    for (uint32_t i = 0; i < items.count; i++)
        normal = joined(p->arena, normal, items.items[i]);
    return normal;
}

static const char *normal_name(struct diag *diag, const struct place *at,
                               const struct option_def *def, const char *text) {
    bool ok = text[0] != '\0' && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
    for (const char *c = text; ok && *c != '\0'; c++)
        ok = *c != '/' && !iscntrl((unsigned char)*c);
    return ok ? text : value_refused(diag, at, def, text, "it becomes the name of files");
}

// Values with a grammar: parsed, and printed in one way.
static const char *normal_grammar(const struct option_parser *p, enum option_kind kind,
                                  const char *text) {
    struct strbuf sb = STRBUF_INIT;
    struct option_shapes shapes;
    struct option_inputs inputs;
    struct option_channel_lists lists;
    struct option_layouts layouts;
    int64_t offsets[2];
    bool ok = false;
    if (kind == OPTION_SHAPES && (ok = option_parse_shapes(p, text, &shapes)))
        option_print_shapes(&shapes, &sb);
    else if (kind == OPTION_INPUTS && (ok = option_parse_inputs(p, text, &inputs)))
        option_print_inputs(&inputs, &sb);
    else if (kind == OPTION_FREEZE && (ok = option_parse_freeze(p, text, &inputs)))
        option_print_inputs(&inputs, &sb);
    else if (kind == OPTION_CHANNELS && (ok = option_parse_channels(p, text, &lists)))
        option_print_channels(&lists, &sb);
    else if (kind == OPTION_LAYOUTS && (ok = option_parse_layouts(p, text, &layouts)))
        option_print_layouts(&layouts, &sb);
    else if (kind == OPTION_OFFSETS && (ok = option_parse_offsets(p, text, offsets)))
        strbuf_printf(&sb, "(%lld,%lld)", (long long)offsets[0], (long long)offsets[1]);
    const char *normal = ok ? arena_strdup(p->arena, sb.data) : NULL;
    strbuf_free(&sb);
    return normal;
}

const char *option_normalize(struct arena *arena, struct diag *diag, const struct place *at,
                             const struct option_def *def, const char *text) {
    struct option_parser p = {arena, diag, at, def->name};
    if (def->kind == OPTION_FLAG)
        return normal_flag(diag, at, def, text);
    if (text == NULL)
        text = def->kind == OPTION_STEPS ? "-" : "";
    for (const char *c = text; *c != '\0'; c++)
        if (iscntrl((unsigned char)*c))
            return value_refused(diag, at, def, text, "it holds a control character");
    bool may_be_empty = def->kind == OPTION_FOLDERS || def->kind == OPTION_TEXT;
    if (text[0] == '\0' && !may_be_empty) {
        diag_report(diag, at, OPTION_NO_VALUE, def->name);
        return NULL;
    }
    switch (def->kind) {
    case OPTION_NUMBER:
        return normal_number(arena, diag, at, def, text);
    case OPTION_COUNT:
        return normal_count(arena, diag, at, def, text);
    case OPTION_CHOICE:
        return normal_choice(arena, diag, at, def, text);
    case OPTION_CHOICES:
        return normal_choices(arena, diag, at, def, text);
    case OPTION_NAME:
        return normal_name(diag, at, def, text);
    case OPTION_NAMES:
        return normal_names(&p, text);
    case OPTION_SHAPES:
    case OPTION_INPUTS:
    case OPTION_CHANNELS:
    case OPTION_OFFSETS:
    case OPTION_LAYOUTS:
    case OPTION_FREEZE:
        return normal_grammar(&p, def->kind, text);
    default: // texts and paths
        return arena_strdup(arena, text);
    }
}

// ---- Setting ----

// "target", "target=value" or "target=value/value when false".
static bool set_alias(struct arena *arena, struct diag *diag, const struct place *at,
                      struct option_values *values, const struct option_def *def,
                      const char *normal) {
    size_t name = strcspn(def->extra, "=");
    const struct option_def *target = option_find(arena_strndup(arena, def->extra, name));
    if (def->extra[name] == '\0')
        return option_set(arena, diag, at, values, target, normal);
    const char *meant = def->extra + name + 1;
    size_t when_true = strcspn(meant, "/");
    if (strcmp(normal, "true") == 0)
        return option_set(arena, diag, at, values, target, arena_strndup(arena, meant, when_true));
    return meant[when_true] == '\0' ||
           option_set(arena, diag, at, values, target, meant + when_true + 1);
}

bool option_set(struct arena *arena, struct diag *diag, const struct place *at,
                struct option_values *values, const struct option_def *def, const char *text) {
    const char *normal = option_normalize(arena, diag, at, def, text);
    if (normal == NULL)
        return false;
    switch (def->role) {
    case OPTION_ALIAS:
        return set_alias(arena, diag, at, values, def, normal);
    case OPTION_IGNORED:
        diag_report(diag, at, OPTION_IGNORED, def->name, def->extra);
        return true;
    case OPTION_REFUSED:
        diag_report(diag, at, OPTION_REFUSED, def->name, def->extra);
        return false;
    default:
        values->text[option_id_of(def)] = normal;
        return true;
    }
}

void options_hash_text(const struct option_values *values, struct strbuf *out) {
    for (size_t i = 0; i < OPTION_COUNT_OF_IDS; i++) {
        const struct option_def *def = &option_table[i];
        const char *text = values->text[i];
        if (text == NULL || !option_makes_ir(def) || option_reads_path(def) ||
            (def->fallback != NULL && strcmp(text, def->fallback) == 0))
            continue;
        strbuf_printf(out, "%s=%s\n", def->name, text);
    }
}
