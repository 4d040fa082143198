// SPDX-License-Identifier: Apache-2.0
#include "cache/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cache/libcurl.h"
#include "compiler/base/fatal.h"

enum {
    CONNECT_SECONDS = 5,
    STALLED_SECONDS = 20, // without a byte
    LEFT_ALONE_SECONDS = 300,
};

enum direction { READING, WRITING, DIRECTION_COUNT };

struct remote {
    struct arena *arena;
    const char *url; // without a slash at its end
    const char *marks[DIRECTION_COUNT];
    const char *fault;
    const struct libcurl *curl; // NULL: not needed yet
    CURL *easy;
};

static const char *const folders[] = {[REMOTE_ENTRY] = "ac", [REMOTE_OBJECT] = "cas"};

bool remote_is_address(const char *url) {
    return strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
}

struct remote *remote_open(struct arena *arena, const char *url, const char *mark) {
    struct remote *remote = arena_new_of(arena, struct remote);
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/')
        length--;
    remote->arena = arena;
    remote->url = arena_strndup(arena, url, length);
    remote->marks[READING] = arena_printf(arena, "%s-reading", mark);
    remote->marks[WRITING] = arena_printf(arena, "%s-writing", mark);
    return remote;
}

void remote_close(struct remote *remote) {
    if (remote != NULL && remote->easy != NULL)
        remote->curl->easy_cleanup(remote->easy);
}

const char *remote_fault(const struct remote *remote) {
    return remote == NULL ? NULL : remote->fault;
}

// ---- Leaving it alone ----

static bool is_old(const struct stat *mark) {
    return time(NULL) - mark->st_mtim.tv_sec >= LEFT_ALONE_SECONDS;
}

static bool is_marked(const struct remote *remote, enum direction direction) {
    struct stat status;
    return stat(remote->marks[direction], &status) == 0 && !is_old(&status);
}

// Who makes the mark is the one who tells, if there is anything to tell. Only one that is there and
// old is removed: what is not there may be made by another at this moment.
static void mark(struct remote *remote, enum direction direction, const char *fault) {
    const char *path = remote->marks[direction];
    struct stat status;
    if (stat(path, &status) == 0 && is_old(&status))
        unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 && errno == EEXIST)
        return;
    if (fd >= 0)
        close(fd);
    if (remote->fault == NULL)
        remote->fault = fault;
}

// ---- One request ----

struct transfer {
    int fd;
    uint64_t left; // bytes that may still be received
    bool too_much;
};

static size_t receive(char *data, size_t unit, size_t count, void *context) {
    struct transfer *transfer = context;
    size_t size = unit * count;
    transfer->too_much = size > transfer->left;
    if (transfer->too_much)
        return 0;
    transfer->left -= size;
    for (size_t at = 0; at < size;) {
        ssize_t written = write(transfer->fd, data + at, size - at);
        if (written < 0 && errno != EINTR)
            return 0;
        at += written > 0 ? (size_t)written : 0;
    }
    return size;
}

// What a server says about an upload is of no interest.
static size_t drop_part(char *data, size_t unit, size_t count, void *context) {
    (void)data, (void)context;
    return unit * count;
}

static size_t send_part(char *data, size_t unit, size_t count, void *context) {
    const struct transfer *transfer = context;
    ssize_t got;
    do {
        got = read(transfer->fd, data, unit * count);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

static bool start(struct remote *remote, enum direction direction, enum remote_kind kind,
                  const char *key) {
    const char *why;
    if (is_marked(remote, direction))
        return false;
    if (remote->curl == NULL && (remote->curl = libcurl_open(&why)) == NULL) {
        mark(remote, READING, why);
        mark(remote, WRITING, NULL);
        return false;
    }
    const struct libcurl *curl = remote->curl;
    if (remote->easy == NULL && (remote->easy = curl->easy_init()) == NULL)
        fatal_out_of_memory();
    curl->easy_reset(remote->easy); // the connection stays
    curl->easy_setopt(remote->easy, CURLOPT_URL,
                      arena_printf(remote->arena, "%s/%s/%s", remote->url, folders[kind], key));
    curl->easy_setopt(remote->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl->easy_setopt(remote->easy, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(remote->easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl->easy_setopt(remote->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl->easy_setopt(remote->easy, CURLOPT_LOW_SPEED_TIME, (long)STALLED_SECONDS);
    curl->easy_setopt(remote->easy, CURLOPT_FAILONERROR, 1L); // no page of an error as content
    curl->easy_setopt(remote->easy, CURLOPT_USERAGENT, "zooc");
    return true;
}

// True when it went well. 404 is an answer; anything else means that the remote does not work.
static bool perform(struct remote *remote, enum direction direction,
                    const struct transfer *transfer) {
    const struct libcurl *curl = remote->curl;
    CURLcode code = curl->easy_perform(remote->easy);
    long status = 0;
    curl->easy_getinfo(remote->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK && status >= 200 && status < 300)
        return true;
    if ((transfer != NULL && transfer->too_much) || status == 404 || status == 410)
        return false;
    const char *fault = status >= 300 ? arena_printf(remote->arena, "it answers %ld", status)
                                      : arena_strdup(remote->arena, curl->easy_strerror(code));
    fault = arena_printf(remote->arena, "%s; going on without %s it", fault,
                         direction == READING ? "reading" : "writing");
    // One that cannot be reached is not asked the other way either. That is told by who makes the
    // first mark, whichever way it was asked: many do this at the same time.
    if (status < 300) {
        mark(remote, READING, fault);
        mark(remote, WRITING, NULL);
    } else {
        mark(remote, direction, fault);
    }
    return false;
}

bool remote_get(struct remote *remote, enum remote_kind kind, const char *key, uint64_t most,
                int to) {
    struct transfer transfer = {.fd = to, .left = most};
    if (!start(remote, READING, kind, key))
        return false;
    remote->curl->easy_setopt(remote->easy, CURLOPT_WRITEFUNCTION, receive);
    remote->curl->easy_setopt(remote->easy, CURLOPT_WRITEDATA, &transfer);
    return perform(remote, READING, &transfer);
}

bool remote_has(struct remote *remote, enum remote_kind kind, const char *key) {
    if (!start(remote, READING, kind, key))
        return false;
    remote->curl->easy_setopt(remote->easy, CURLOPT_NOBODY, 1L);
    return perform(remote, READING, NULL);
}

bool remote_put(struct remote *remote, enum remote_kind kind, const char *key, int from,
                uint64_t size) {
    struct transfer transfer = {.fd = from};
    if (!start(remote, WRITING, kind, key))
        return false;
    const struct libcurl *curl = remote->curl;
    curl->easy_setopt(remote->easy, CURLOPT_UPLOAD, 1L);
    curl->easy_setopt(remote->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)size);
    curl->easy_setopt(remote->easy, CURLOPT_READFUNCTION, send_part);
    curl->easy_setopt(remote->easy, CURLOPT_READDATA, &transfer);
    curl->easy_setopt(remote->easy, CURLOPT_WRITEFUNCTION, drop_part);
    return perform(remote, WRITING, NULL);
}
