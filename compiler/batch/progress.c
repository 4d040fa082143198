// SPDX-License-Identifier: Apache-2.0
#include "compiler/batch/progress.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void progress_start(struct progress *progress, FILE *to) {
    const char *kind = getenv("TERM");
    *progress = (struct progress){.to = to};
    progress->terminal =
        isatty(fileno(to)) && kind != NULL && strcmp(kind, "dumb") != 0 && getenv("CI") == NULL;
}

static void close_line(struct progress *p) {
    if (p->line_is_open)
        fputs("\r\033[K", p->to);
    p->line_is_open = false;
}

static int terminal_width(const struct progress *p) {
    struct winsize size;
    if (ioctl(fileno(p->to), TIOCGWINSZ, &size) != 0 || size.ws_col < 20)
        return 80;
    return size.ws_col;
}

// "@3/12 convert lenet FP32" gives "[3/12] convert lenet FP32". False when it is no such line.
static bool show_step(struct progress *p, const char *line) {
    if (line[0] != '@')
        return false;
    size_t counts = strspn(line + 1, "0123456789/");
    if (counts < 3 || line[1 + counts] != ' ')
        return false;
    const char *text = line + 2 + counts;
    int width = terminal_width(p) - (int)counts - 4;
    if (!p->terminal) {
        fprintf(p->to, "[%.*s] %s\n", (int)counts, line + 1, text);
    } else {
        fprintf(p->to, "\r\033[K[%.*s] %.*s", (int)counts, line + 1, width, text);
        p->line_is_open = true;
    }
    return true;
}

static bool starts(const char *line, const char *with) {
    return strncmp(line, with, strlen(with)) == 0;
}

void progress_line(struct progress *p, const char *line) {
    bool command = p->skip_command;
    p->skip_command = false;
    if (show_step(p, line) || command) {
        // shown, or the command of a failed step, whose own message follows
    } else if (starts(line, "FAILED: ")) {
        p->skip_command = true;
    } else if (starts(line, "ninja: no work to do")) {
        p->nothing_to_do = true;
    } else if (!starts(line, "ninja: Entering directory") &&
               !starts(line, "ninja: build stopped: ") && line[0] != '\0') {
        close_line(p);
        fprintf(p->to, "%s\n", line);
    }
    fflush(p->to);
}

void progress_end(struct progress *p) {
    close_line(p);
    fflush(p->to);
}
