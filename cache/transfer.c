// SPDX-License-Identifier: Apache-2.0
#include "cache/transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "compiler/base/fatal.h"

enum {
    STATUS_OK = 200,
    STATUS_PARTIAL = 206,
    STATUS_RANGE = 416,
    MOST_REDIRECTS = 10,
    LEAST_SPEED = 100, // bytes a second: what is slower has broken off
};

// ---- What the server says ----

static long status_of(const struct transfer *t) {
    long status = 0;
    t->curl->easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static bool give_up(struct transfer *t, enum transfer_verdict fault) {
    t->fault = fault;
    return false;
}

// The whole instead of the rest: from the beginning.
static bool begin_anew(struct transfer *t) {
    if (ftruncate(t->fd, 0) != 0 || lseek(t->fd, 0, SEEK_SET) != 0) {
        t->error = errno;
        return give_up(t, TRANSFER_UNWRITTEN);
    }
    t->start = t->size = 0;
    return true;
}

// Before the first byte of the content is taken.
static bool judge(struct transfer *t) {
    t->judged = true;
    long status = status_of(t);
    if (status == STATUS_OK)
        return t->size == 0 || begin_anew(t);
    if (status == STATUS_PARTIAL)
        return (t->ranged && t->range_start == t->size) || give_up(t, TRANSFER_RANGE);
    return give_up(t, status == STATUS_RANGE ? TRANSFER_RANGE : TRANSFER_REFUSED);
}

// "Content-Range: bytes 500-999/1000". Each answer of a chain of redirects starts with "HTTP/".
static size_t on_header(char *data, size_t one, size_t size, void *context) {
    static const char name[] = "content-range:";
    struct transfer *t = context;
    char line[128];
    size_t length = size < sizeof line - 1 ? size : sizeof line - 1;
    memcpy(line, data, length);
    line[length] = '\0';
    if (strncmp(line, "HTTP/", 5) == 0) {
        t->ranged = false;
    } else if (strncasecmp(line, name, sizeof name - 1) == 0) {
        const char *value = line + sizeof name - 1;
        value += strspn(value, " \t");
        char *end = NULL;
        bool bytes = strncasecmp(value, "bytes ", 6) == 0;
        t->range_start = bytes ? strtoull(value + 6, &end, 10) : 0;
        t->ranged = bytes && *end == '-';
    }
    return one * size;
}

static bool write_all(struct transfer *t, const char *data, size_t size) {
    while (size > 0) {
        ssize_t written = write(t->fd, data, size);
        if (written < 0 && errno != EINTR) {
            t->error = errno;
            return give_up(t, TRANSFER_UNWRITTEN);
        }
        if (written > 0) {
            data += written;
            size -= (size_t)written;
            t->size += (uint64_t)written;
        }
    }
    return true;
}

static size_t on_content(char *data, size_t one, size_t size, void *context) {
    struct transfer *t = context;
    bool good = t->judged ? t->fault == TRANSFER_DONE : judge(t);
    if (good && size > t->most - t->size)
        good = give_up(t, TRANSFER_TOO_LONG);
    return good && write_all(t, data, size) ? one * size : 0;
}

// ---- One attempt ----

static bool set_options(struct transfer *t, const char *url, unsigned patience) {
    bool safe = strncasecmp(url, "https:", 6) == 0;
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_NOPROGRESS, 1},
        {CURLOPT_FOLLOWLOCATION, 1},
        {CURLOPT_MAXREDIRS, MOST_REDIRECTS},
        {CURLOPT_SSL_VERIFYPEER, 1},
        {CURLOPT_SSL_VERIFYHOST, 2},
        {CURLOPT_CONNECTTIMEOUT, (long)patience},
        {CURLOPT_LOW_SPEED_LIMIT, LEAST_SPEED},
        {CURLOPT_LOW_SPEED_TIME, (long)patience},
    };
    const struct {
        CURLoption option;
        const void *value;
    } pointers[] = {
        {CURLOPT_URL, url},
        {CURLOPT_USERAGENT, "zooc"},
        {CURLOPT_PROTOCOLS_STR, safe ? "https" : "http"},
        {CURLOPT_REDIR_PROTOCOLS_STR, safe ? "https" : "http,https"},
        {CURLOPT_ERRORBUFFER, t->text},
        {CURLOPT_WRITEDATA, t},
        {CURLOPT_HEADERDATA, t},
        {CURLOPT_PRIVATE, t},
    };
    bool set = true;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        set = set && t->curl->easy_setopt(t->easy, numbers[i].option, numbers[i].value) == CURLE_OK;
    for (size_t i = 0; i < sizeof pointers / sizeof pointers[0]; i++)
        set =
            set && t->curl->easy_setopt(t->easy, pointers[i].option, pointers[i].value) == CURLE_OK;
    return set && t->curl->easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_content) == CURLE_OK &&
           t->curl->easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK;
}

// The variables by which users name the authorities they trust, those of curl and of OpenSSL.
static bool set_authorities(struct transfer *t) {
    static const char *const variables[] = {"CURL_CA_BUNDLE", "SSL_CERT_FILE"};
    const char *file = NULL;
    for (size_t i = 0; i < sizeof variables / sizeof variables[0] && file == NULL; i++) {
        file = getenv(variables[i]);
        file = file == NULL || file[0] == '\0' ? NULL : file;
    }
    return file == NULL || t->curl->easy_setopt(t->easy, CURLOPT_CAINFO, file) == CURLE_OK;
}

// CURLOPT_RESUME_FROM would take an answer with the whole file for an error.
static bool set_range(struct transfer *t) {
    struct arena *arena = arena_new();
    const char *range = arena_printf(arena, "%llu-", (unsigned long long)t->size);
    bool set = t->curl->easy_setopt(t->easy, CURLOPT_RANGE, range) == CURLE_OK; // it is copied
    arena_free(arena);
    return set;
}

bool transfer_start(struct transfer *t, const struct libcurl *curl, const char *url, int fd,
                    uint64_t size, unsigned patience) {
    uint64_t most = t->most;
    *t = (struct transfer){.curl = curl, .easy = t->easy, .fd = fd, .most = most};
    t->start = t->size = size;
    if (t->easy == NULL)
        t->easy = curl->easy_init();
    if (t->easy == NULL)
        fatal_out_of_memory();
    curl->easy_reset(t->easy);
    return set_options(t, url, patience) && set_authorities(t) && (size == 0 || set_range(t));
}

// ---- What came of it ----

static bool passes(CURLcode code) {
    static const CURLcode passing[] = {
        CURLE_COULDNT_RESOLVE_PROXY,
        CURLE_COULDNT_RESOLVE_HOST,
        CURLE_COULDNT_CONNECT,
        CURLE_OPERATION_TIMEDOUT,
        CURLE_PARTIAL_FILE,
        CURLE_GOT_NOTHING,
        CURLE_SEND_ERROR,
        CURLE_RECV_ERROR,
        CURLE_SSL_CONNECT_ERROR,
        CURLE_HTTP2,
        CURLE_HTTP2_STREAM,
        CURLE_HTTP3,
        CURLE_WEIRD_SERVER_REPLY,
    };
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++) {
        if (passing[i] == code)
            return true;
    }
    return false;
}

static bool status_passes(long status) {
    static const long passing[] = {408, 421, 425, 429, 500, 502, 503, 504};
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++) {
        if (passing[i] == status)
            return true;
    }
    return false;
}

static enum transfer_verdict judge_status(struct transfer *t, struct arena *arena,
                                          const char **cause, unsigned *wait) {
    long status = status_of(t);
    curl_off_t seconds = 0;
    *cause = arena_printf(arena, "the server answers with status %ld", status);
    t->curl->easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &seconds);
    *wait = seconds < 0 || seconds > 3600 ? 3600 : (unsigned)seconds;
    return status_passes(status) ? TRANSFER_PASSING : TRANSFER_REFUSED;
}

enum transfer_verdict transfer_end(struct transfer *t, CURLcode code, struct arena *arena,
                                   const char **cause, unsigned *wait) {
    *wait = 0;
    *cause = "";
    if (code == CURLE_OUT_OF_MEMORY)
        fatal_out_of_memory();
    if (code == CURLE_OK && !t->judged)
        judge(t); // an answer without content
    switch (t->fault) {
    case TRANSFER_DONE:
        break;
    case TRANSFER_RANGE:
        *cause = "the server does not continue where the transfer broke off";
        return t->fault;
    case TRANSFER_TOO_LONG:
        *cause = arena_printf(arena, "it is larger than %llu bytes", (unsigned long long)t->most);
        return t->fault;
    case TRANSFER_UNWRITTEN:
        *cause = arena_strdup(arena, strerror(t->error));
        return t->fault;
    default:
        return judge_status(t, arena, cause, wait);
    }
    if (code == CURLE_OK)
        return TRANSFER_DONE;
    const char *text = t->text[0] != '\0' ? t->text : t->curl->easy_strerror(code);
    *cause = arena_strdup(arena, text);
    return passes(code) ? TRANSFER_PASSING : TRANSFER_REFUSED;
}
