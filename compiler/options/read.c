// SPDX-License-Identifier: Apache-2.0
// A command line, read with the rules that the Model Optimizer's users are used to: long names may
// be shortened as long as one option fits, a value follows as the next word or after '='.
#include <ctype.h>
#include <string.h>

#include "compiler/options/options.h"

struct reader {
    struct arena *arena;
    struct diag *diag;
    int argc;
    char *const *argv;
    int next; // the word to read next
};

// Whether a word can be the value of the option before it: all but an option, and a negative
// number.
static bool is_value(const char *word) {
    return word[0] != '-' || word[1] == '\0' || isdigit((unsigned char)word[1]) || word[1] == '.';
}

static bool used(const struct option_def *def) {
    return def->role != OPTION_IGNORED && def->role != OPTION_REFUSED;
}

// The one option whose name begins with the `length` letters; options in use come before others.
static const struct option_def *find_long(struct reader *r, const char *word, const char *name) {
    const struct option_def *best = option_find(name), *rival = NULL;
    for (size_t i = 0; best == NULL && i < OPTION_COUNT_OF_IDS; i++)
        if (used(&option_table[i]) && strncmp(option_table[i].name, name, strlen(name)) == 0) {
            best = &option_table[i];
            for (size_t k = i + 1; k < OPTION_COUNT_OF_IDS && rival == NULL; k++)
                if (used(&option_table[k]) &&
                    strncmp(option_table[k].name, name, strlen(name)) == 0)
                    rival = &option_table[k];
        }
    if (rival != NULL) {
        diag_report(r->diag, NULL, OPTION_AMBIGUOUS, word, best->name, rival->name);
        return NULL;
    }
    for (size_t i = 0; best == NULL && i < OPTION_COUNT_OF_IDS; i++)
        if (strncmp(option_table[i].name, name, strlen(name)) == 0)
            best = &option_table[i];
    if (best != NULL)
        return best;
    const char *near = option_suggest(name);
    if (near != NULL)
        diag_report(r->diag, NULL, OPTION_UNKNOWN_NEAR, word, arena_printf(r->arena, "--%s", near));
    else
        diag_report(r->diag, NULL, OPTION_UNKNOWN, word);
    return NULL;
}

static bool has_letters(const struct option_def *def, const char *letters, size_t length) {
    for (const char *s = def->letters; *s != '\0'; s += strcspn(s, " "), s += *s == ' ')
        if (strcspn(s, " ") == length && strncmp(s, letters, length) == 0)
            return true;
    return false;
}

static const struct option_def *find_letters(const char *letters, size_t length) {
    for (size_t i = 0; length > 0 && i < OPTION_COUNT_OF_IDS; i++)
        if (has_letters(&option_table[i], letters, length))
            return &option_table[i];
    return NULL;
}

// "-b", "-b=8", "-b8": a number may follow a letter at once.
static const struct option_def *find_short(struct reader *r, const char *word, const char **value) {
    const char *letters = word + 1;
    size_t length = strcspn(letters, "=");
    const struct option_def *def = find_letters(letters, length);
    if (def != NULL) {
        *value = letters[length] == '=' ? letters + length + 1 : NULL;
        return def;
    }
    def = isalpha((unsigned char)letters[1]) ? NULL : find_letters(letters, 1);
    *value = letters + 1;
    if (def == NULL)
        diag_report(r->diag, NULL, OPTION_UNKNOWN, word);
    return def;
}

// The value in the word after the option, when there is one that fits.
static const char *next_value(struct reader *r, const struct option_def *def) {
    if (r->next >= r->argc)
        return NULL;
    const char *word = r->argv[r->next];
    static const char *const truths[] = {"true", "false"};
    bool takes = is_value(word);
    if (def->kind == OPTION_FLAG)
        takes = strcasecmp(word, truths[0]) == 0 || strcasecmp(word, truths[1]) == 0;
    if (!takes)
        return NULL;
    r->next++;
    return word;
}

static bool read_option(struct reader *r, struct option_values *values, const char *word) {
    const char *value = NULL;
    const struct option_def *def;
    if (word[1] == '-') {
        size_t length = strcspn(word + 2, "=");
        def = find_long(r, word, arena_strndup(r->arena, word + 2, length));
        value = word[2 + length] == '=' ? word + 2 + length + 1 : NULL;
    } else {
        def = find_short(r, word, &value);
    }
    if (def == NULL)
        return false;
    if (value == NULL)
        value = next_value(r, def);
    if (value == NULL && def->kind != OPTION_FLAG && def->kind != OPTION_STEPS) {
        diag_report(r->diag, NULL, OPTION_NO_VALUE, def->name);
        return false;
    }
    return option_set(r->arena, r->diag, NULL, values, def, value);
}

static bool read_model(struct reader *r, struct option_values *values, const char *word) {
    if (values->text[OPT_input_model] == NULL)
        return option_set(r->arena, r->diag, NULL, values, &option_table[OPT_input_model], word);
    diag_report(r->diag, NULL, USAGE,
                arena_printf(r->arena, "'%s' follows no option, and the model is already '%s'",
                             word, values->text[OPT_input_model]));
    return false;
}

bool options_read(struct arena *arena, struct diag *diag, int argc, char *const *argv,
                  struct option_values *values) {
    struct reader r = {arena, diag, argc, argv, 0};
    bool ok = true, options_end = false;
    while (r.next < argc) {
        const char *word = argv[r.next++];
        if (!options_end && strcmp(word, "--") == 0)
            options_end = true;
        else if (!options_end && word[0] == '-' && word[1] != '\0')
            ok = read_option(&r, values, word) && ok;
        else
            ok = read_model(&r, values, word) && ok;
    }
    return ok;
}
