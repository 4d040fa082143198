// SPDX-License-Identifier: Apache-2.0
// The text behind --help, made from the table of options.
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/cli/cli.h"

enum { LINE_WIDTH = 80, TEXT_COLUMN = 24 };

void help_wrapped(FILE *to, size_t at, size_t indent, const char *text) {
    if (at >= indent && at > 0) {
        fputc('\n', to);
        at = 0;
    }
    fprintf(to, "%*s", (int)(indent - at), "");
    size_t column = indent;
    while (*text != '\0') {
        size_t word = strcspn(text, " ");
        if (column > indent && column + 1 + word > LINE_WIDTH) {
            fprintf(to, "\n%*s", (int)indent, "");
            column = indent;
        }
        column += (size_t)fprintf(to, "%s%.*s", column > indent ? " " : "", (int)word, text);
        text += word;
        text += strspn(text, " ");
    }
    fputc('\n', to);
}

// What stands for the value in the help: the choices, or the name in capitals.
static void print_value_name(FILE *to, const struct option_def *def, size_t *at) {
    if (def->kind == OPTION_FLAG)
        return;
    const char *open = def->kind == OPTION_STEPS ? " [" : " ";
    *at += (size_t)fprintf(to, "%s", open);
    if (def->kind == OPTION_CHOICE || def->kind == OPTION_CHOICES) {
        *at += (size_t)fprintf(to, "{");
        for (const char *c = def->extra; *c != '\0'; c += strcspn(c, ","), c += *c == ',')
            *at +=
                (size_t)fprintf(to, "%s%.*s", c == def->extra ? "" : ",", (int)strcspn(c, ",="), c);
        *at += (size_t)fprintf(to, "}");
    } else {
        for (const char *c = def->name; *c != '\0'; c++, (*at)++)
            fputc(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c, to);
    }
    if (def->kind == OPTION_STEPS)
        *at += (size_t)fprintf(to, "]");
}

static size_t print_spellings(FILE *to, const struct option_def *def) {
    size_t at = (size_t)fprintf(to, "  --%s", def->name);
    print_value_name(to, def, &at);
    for (const char *s = def->letters; *s != '\0'; s += strcspn(s, " "), s += *s == ' ')
        at += (size_t)fprintf(to, ", -%.*s", (int)strcspn(s, " "), s);
    return at + 1;
}

static void print_option(FILE *to, const struct option_def *def) {
    size_t at = print_spellings(to, def) - 1;
    struct strbuf text = STRBUF_INIT;
    strbuf_puts(&text, def->help);
    if (def->role == OPTION_IGNORED)
        strbuf_printf(&text, " No effect: %s.", def->extra);
    else if (def->role == OPTION_REFUSED)
        strbuf_printf(&text, " Refused: %s.", def->extra);
    else if (def->fallback != NULL && def->kind != OPTION_FLAG && def->kind != OPTION_OUTPUT)
        strbuf_printf(&text, " Default: %s.", def->fallback);
    help_wrapped(to, at + 1 < TEXT_COLUMN ? at : TEXT_COLUMN, TEXT_COLUMN, text.data);
    strbuf_free(&text);
}

void help_options(FILE *to, const char *program) {
    static const char *const titles[OPTION_GROUP_COUNT] = {
        [OPTION_COMMON] = "Framework-agnostic parameters",
        [OPTION_CAFFE] = "Caffe-specific parameters",
        [OPTION_TF] = "TensorFlow-specific parameters",
        [OPTION_MXNET] = "MXNet-specific parameters",
        [OPTION_KALDI] = "Kaldi-specific parameters",
        [OPTION_OURS] = "Parameters of zooc itself",
    };
    fprintf(to, "usage: %s --input_model FILE [options]\n\n", program);
    fputs("Converts one trained model to the Intermediate Representation. Names may be shortened\n"
          "as long as one option fits; a value follows as the next word or after '='.\n",
          to);
    for (unsigned group = 0; group < OPTION_GROUP_COUNT; group++) {
        fprintf(to, "\n%s:\n", titles[group]);
        for (size_t i = 0; i < OPTION_COUNT_OF_IDS; i++)
            if ((unsigned)option_table[i].group == group)
                print_option(to, &option_table[i]);
    }
}
