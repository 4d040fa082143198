// SPDX-License-Identifier: Apache-2.0
#include "cache/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cache/transfer.h"
#include "compiler/base/limits.h"
#include "compiler/base/strbuf.h"

enum {
    MOST_ATTEMPTS = 100,    // of one address, however much each brings
    MOST_PAUSE = 60 * 1000, // milliseconds
    OTHER_PROCESS = 200,    // milliseconds between looks at what another process fetches
    LONGEST_WAIT = 500,     // for the network, before listeners hear how far it is
};

enum job_state { JOB_NEW, JOB_RUNS, JOB_PAUSES, JOB_ENDED };

struct job {
    struct fetch_item *item;
    enum job_state state;
    uint32_t url;
    unsigned attempts, idle_attempts; // of this address; those that came no further
    uint64_t best;                    // how far this address has brought it
    bool from_start;                  // this attempt began with an empty file
    int64_t due;                      // milliseconds
    int fd;                           // locked, or -1
    const char *partial;
    struct transfer transfer;
};

struct fetching {
    struct arena *arena;
    const struct fetch_request *request;
    const struct libcurl *curl;
    CURLM *multi;
    struct job *jobs;
    unsigned running;
};

// ---- Addresses ----

static bool has_scheme(const char *url, const char *scheme) {
    return strncasecmp(url, scheme, strlen(scheme)) == 0;
}

// The path of file:/PATH, file:///PATH or file://localhost/PATH, still escaped; else NULL.
static const char *path_of(const char *url) {
    if (!has_scheme(url, "file:"))
        return NULL;
    const char *path = url + strlen("file:");
    if (strncmp(path, "//", 2) == 0)
        path += strncasecmp(path, "//localhost/", 12) == 0 ? 11 : 2;
    return path[0] == '/' ? path : NULL;
}

static int digit_of(char c) {
    const char *digits = "0123456789abcdef";
    const char *found = c == '\0' ? NULL : strchr(digits, c | (c >= 'A' ? 0x20 : 0));
    return found == NULL ? -1 : (int)(found - digits);
}

// %20 and the like put right; NULL when there is a NUL or a digit is missing.
static const char *unescape(struct arena *arena, const char *text) {
    char *plain = arena_strdup(arena, text), *to = plain;
    for (; *text != '\0'; text++) {
        if (*text != '%') {
            *to++ = *text;
            continue;
        }
        int high = digit_of(text[1]), low = high < 0 ? -1 : digit_of(text[2]);
        if (low < 0 || (high == 0 && low == 0))
            return NULL;
        *to++ = (char)(high << 4 | low);
        text += 2;
    }
    *to = '\0';
    return plain;
}

const char *fetch_shown_url(struct arena *arena, const char *url) {
    const char *host = strstr(url, "://");
    if (host == NULL)
        return url;
    host += 3;
    size_t length = strcspn(host, "/?#");
    const char *at = memrchr(host, '@', length);
    if (at == NULL)
        return url;
    return arena_printf(arena, "%.*s%s", (int)(host - url), url, at + 1);
}

// ---- Listeners, ends ----

static void tell(const struct fetching *f, enum fetch_event event, const struct job *job,
                 const char *text) {
    if (f->request->tell != NULL)
        f->request->tell(f->request->context, event, job->item, text);
}

static void close_partial(struct job *job) {
    if (job->fd >= 0)
        close(job->fd);
    job->fd = -1;
}

static void end_job(struct fetching *f, struct job *job, enum fetch_state state) {
    struct stat status;
    if (job->fd >= 0 && state == FETCH_FAILED && fstat(job->fd, &status) == 0 &&
        status.st_size == 0)
        unlink(job->partial); // nothing to go on with
    close_partial(job);
    if (f->curl != NULL && job->transfer.easy != NULL)
        f->curl->easy_cleanup(job->transfer.easy);
    job->transfer.easy = NULL;
    job->state = JOB_ENDED;
    job->item->state = state;
    if (state == FETCH_PRESENT || state == FETCH_BROUGHT)
        fetch_mark(f->request->store, job->item->key);
    tell(f, FETCH_ENDS, job, job->item->cause);
}

static void note_cause(struct fetching *f, struct job *job, const char *cause) {
    struct fetch_item *item = job->item;
    if (item->url_count > 1 && job->url < item->url_count)
        cause = arena_printf(f->arena, "%s: %s", fetch_shown_url(f->arena, item->urls[job->url]),
                             cause);
    item->cause =
        item->cause == NULL ? cause : arena_printf(f->arena, "%s; %s", item->cause, cause);
}

// The machine is at fault, not the address.
static void fail_job(struct fetching *f, struct job *job, const char *cause) {
    note_cause(f, job, cause);
    end_job(f, job, FETCH_FAILED);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void pause_job(struct job *job, int64_t milliseconds) {
    close_partial(job);
    job->state = JOB_PAUSES;
    job->due = now() + milliseconds;
}

static void next_url(struct fetching *f, struct job *job, const char *cause) {
    note_cause(f, job, cause);
    job->url++;
    job->attempts = job->idle_attempts = 0;
    job->best = 0;
    if (job->url == job->item->url_count)
        end_job(f, job, FETCH_FAILED);
    else
        pause_job(job, 0);
}

// ---- Is it what it should be? ----

static const char *wrong_sum(struct fetching *f, enum digest_kind kind, const char *wanted,
                             const char *sum) {
    if (wanted == NULL || strcmp(wanted, sum) == 0)
        return NULL;
    return arena_printf(f->arena, "it has %s %s, not %s", digest_name(kind), sum, wanted);
}

// NULL when the open file has the size and the sums of the item; *key is its SHA-256.
static const char *content_fault(struct fetching *f, const struct fetch_item *item, int fd,
                                 char key[STORE_KEY_SIZE]) {
    struct stat status;
    char sha384[SHA384_TEXT_SIZE];
    if (fstat(fd, &status) != 0)
        return arena_strdup(f->arena, strerror(errno));
    if (item->size != 0 && (uint64_t)status.st_size != item->size)
        return arena_printf(f->arena, "it has %llu bytes, not %llu",
                            (unsigned long long)status.st_size, (unsigned long long)item->size);
    if (lseek(fd, 0, SEEK_SET) != 0 || !digest_open_file(DIGEST_SHA256, fd, key))
        return arena_strdup(f->arena, strerror(errno));
    const char *fault = wrong_sum(f, DIGEST_SHA256, item->sha256, key);
    if (fault != NULL || item->sha384 == NULL)
        return fault;
    if (lseek(fd, 0, SEEK_SET) != 0 || !digest_open_file(DIGEST_SHA384, fd, sha384))
        return arena_strdup(f->arena, strerror(errno));
    return wrong_sum(f, DIGEST_SHA384, item->sha384, sha384);
}

// It is in the store: it can also be found under its SHA-384.
static void end_brought(struct fetching *f, struct job *job) {
    struct fetch_item *item = job->item;
    if (item->sha384 != NULL && !fetch_note_sha384(f->request->store, item->key, item->sha384)) {
        fail_job(f, job, arena_strdup(f->arena, strerror(errno)));
        return;
    }
    item->cause = NULL; // of what went wrong on the way
    end_job(f, job, FETCH_BROUGHT);
}

static void adopt(struct fetching *f, struct job *job) {
    if (store_adopt(f->request->store, job->partial, job->item->key))
        end_brought(f, job);
    else
        fail_job(f, job, arena_strdup(f->arena, strerror(errno)));
}

// ---- Attempts ----

static void retry_or_move_on(struct fetching *f, struct job *job, const char *cause,
                             unsigned wait_seconds) {
    const struct fetch_request *request = f->request;
    bool idle = job->transfer.size <= job->best;
    job->idle_attempts = idle ? job->idle_attempts + 1 : 1;
    job->best = idle ? job->best : job->transfer.size;
    if (job->idle_attempts > request->retries || ++job->attempts >= MOST_ATTEMPTS) {
        next_url(f, job, cause);
        return;
    }
    unsigned doubled = job->idle_attempts - 1 < 16 ? job->idle_attempts - 1 : 16;
    int64_t pause = (int64_t)request->pause << doubled;
    if (pause > MOST_PAUSE)
        pause = MOST_PAUSE;
    if (pause < (int64_t)wait_seconds * 1000)
        pause =
            (int64_t)wait_seconds * 1000 < MOST_PAUSE ? (int64_t)wait_seconds * 1000 : MOST_PAUSE;
    tell(f, FETCH_PAUSES, job, cause);
    pause_job(job, pause);
}

static bool empty_partial(struct fetching *f, struct job *job) {
    if (ftruncate(job->fd, 0) == 0)
        return true;
    fail_job(f, job, arena_strdup(f->arena, strerror(errno)));
    return false;
}

// What was there before may be another file's beginning, or what a server sent when asked for a
// range: once more from nothing before the address is given up.
static void start_over(struct fetching *f, struct job *job, const char *cause) {
    if (!empty_partial(f, job))
        return;
    if (job->from_start)
        next_url(f, job, cause);
    else
        pause_job(job, 0);
}

static void check_arrived(struct fetching *f, struct job *job, bool ended) {
    struct fetch_item *item = job->item;
    const char *fault = content_fault(f, item, job->fd, item->key);
    if (fault == NULL)
        adopt(f, job);
    else if (ended && item->size != 0 && job->transfer.size < item->size)
        retry_or_move_on(f, job, fault, 0); // a server without lengths was cut off
    else
        start_over(f, job, fault);
}

static void end_attempt(struct fetching *f, struct job *job, CURLcode code) {
    const char *cause;
    unsigned wait;
    f->running--;
    f->curl->multi_remove_handle(f->multi, job->transfer.easy);
    enum transfer_verdict verdict = transfer_end(&job->transfer, code, f->arena, &cause, &wait);
    job->item->bytes = job->transfer.size;
    switch (verdict) {
    case TRANSFER_DONE:
    case TRANSFER_RANGE: // perhaps because there is no more
        check_arrived(f, job, verdict == TRANSFER_DONE);
        break;
    case TRANSFER_PASSING:
        retry_or_move_on(f, job, cause, wait);
        break;
    case TRANSFER_TOO_LONG:
        if (job->item->size != 0)
            cause = arena_printf(f->arena, "it is larger than the %llu bytes that are expected",
                                 (unsigned long long)job->item->size);
        start_over(f, job, cause);
        break;
    case TRANSFER_UNWRITTEN:
        fail_job(f, job, cause);
        break;
    default:
        next_url(f, job, cause);
        break;
    }
}

static void start_transfer(struct fetching *f, struct job *job, uint64_t size) {
    const struct fetch_request *request = f->request;
    const struct fetch_item *item = job->item;
    const char *url = item->urls[job->url], *why;
    f->curl = libcurl_open(&why);
    if (f->curl != NULL && f->multi == NULL)
        f->multi = f->curl->multi_init();
    if (f->curl == NULL || f->multi == NULL) {
        fail_job(f, job, f->curl == NULL ? why : "libcurl cannot start");
        return;
    }
    job->transfer.most = item->size != 0 ? item->size : request->most_bytes;
    job->from_start = size == 0;
    if (!transfer_start(&job->transfer, f->curl, url, job->fd, size, request->patience) ||
        f->curl->multi_add_handle(f->multi, job->transfer.easy) != CURLM_OK) {
        fail_job(f, job, "libcurl cannot start the transfer");
        return;
    }
    f->running++;
    job->state = JOB_RUNS;
    tell(f, FETCH_STARTS, job, fetch_shown_url(f->arena, url));
}

// The rest of what is there already, or the check of it when nothing is missing.
static void continue_partial(struct fetching *f, struct job *job) {
    struct stat status;
    if (fstat(job->fd, &status) != 0 || lseek(job->fd, 0, SEEK_END) < 0) {
        fail_job(f, job, arena_strdup(f->arena, strerror(errno)));
        return;
    }
    uint64_t size = (uint64_t)status.st_size, wanted = job->item->size;
    if (wanted != 0 && size == wanted &&
        content_fault(f, job->item, job->fd, job->item->key) == NULL) {
        adopt(f, job);
        return;
    }
    if (wanted != 0 && size >= wanted) {
        if (!empty_partial(f, job) || lseek(job->fd, 0, SEEK_SET) != 0)
            return;
        size = 0;
    }
    start_transfer(f, job, size);
}

// A file of this machine: no socket, no libcurl.
static void take_local(struct fetching *f, struct job *job, const char *path) {
    struct fetch_item *item = job->item;
    char key[STORE_KEY_SIZE];
    const char *plain = unescape(f->arena, path);
    int fd = plain == NULL ? -1 : open(plain, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status = {.st_size = 0};
    const char *fault = plain == NULL ? "the address is malformed" : NULL;
    if (fault == NULL && (fd < 0 || fstat(fd, &status) != 0))
        fault = arena_strdup(f->arena, strerror(errno));
    if (fault == NULL && !S_ISREG(status.st_mode))
        fault = "it is no file";
    if (fault == NULL)
        fault = content_fault(f, item, fd, key);
    if (fd >= 0)
        close(fd);
    if (fault == NULL && !store_put_file(f->request->store, plain, STORE_COPY, item->key, NULL))
        fault = arena_strdup(f->arena, strerror(errno));
    if (fault == NULL && strcmp(item->key, key) != 0)
        fault = "it has just been changed";
    if (fault != NULL) {
        next_url(f, job, fault);
        return;
    }
    item->bytes = (uint64_t)status.st_size;
    end_brought(f, job);
}

static void start_job(struct fetching *f, struct job *job) {
    const struct fetch_request *request = f->request;
    struct fetch_item *item = job->item;
    if (fetch_find(f->arena, request->store, item)) {
        end_job(f, job, FETCH_PRESENT);
        return;
    }
    const char *path = path_of(item->urls[job->url]);
    if (path != NULL) {
        take_local(f, job, path);
        return;
    }
    if (request->offline) {
        job->url++;
        if (job->url == item->url_count)
            end_job(f, job, FETCH_MISSING);
        return;
    }
    if (job->fd < 0)
        job->fd = store_partial(request->store, item->sha256 != NULL ? item->sha256 : item->sha384,
                                &job->partial, f->arena);
    if (job->fd < 0 && errno == EAGAIN)
        pause_job(job, OTHER_PROCESS);
    else if (job->fd < 0)
        fail_job(f, job, arena_strdup(f->arena, strerror(errno)));
    else if (fetch_find(f->arena, request->store, item)) // by the process we waited for
        end_job(f, job, FETCH_PRESENT);
    else
        continue_partial(f, job);
}

// ---- All of them ----

// Starts what may start; milliseconds until the next one may, and whether any is left.
static bool start_due(struct fetching *f, int *wait) {
    bool left = false;
    int64_t time = now();
    *wait = LONGEST_WAIT;
    for (uint32_t i = 0; i < f->request->count; i++) {
        struct job *job = &f->jobs[i];
        bool due = job->state == JOB_NEW || (job->state == JOB_PAUSES && job->due <= time);
        if (due && f->running < f->request->jobs) {
            start_job(f, job);
            *wait = 0; // look again: it may have ended at once
        } else if (job->state == JOB_PAUSES && job->due > time && job->due - time < *wait) {
            *wait = (int)(job->due - time);
        }
        left = left || job->state != JOB_ENDED;
    }
    return left;
}

static void tell_growth(struct fetching *f) {
    for (uint32_t i = 0; i < f->request->count; i++) {
        struct job *job = &f->jobs[i];
        if (job->state != JOB_RUNS || job->item->bytes == job->transfer.size)
            continue;
        job->item->bytes = job->transfer.size;
        tell(f, FETCH_GROWS, job, NULL);
    }
}

static struct job *job_of(struct fetching *f, const CURL *easy) {
    uint32_t i = 0;
    while (f->jobs[i].state != JOB_RUNS || f->jobs[i].transfer.easy != easy)
        i++;
    return &f->jobs[i];
}

static void move_bytes(struct fetching *f, int wait) {
    int running, left;
    const CURLMsg *message;
    f->curl->multi_perform(f->multi, &running);
    while ((message = f->curl->multi_info_read(f->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE)
            end_attempt(f, job_of(f, message->easy_handle), message->data.result);
        wait = 0;
    }
    tell_growth(f);
    f->curl->multi_poll(f->multi, NULL, 0, wait, NULL);
}

static void sleep_for(int milliseconds) {
    struct timespec time = {.tv_sec = milliseconds / 1000,
                            .tv_nsec = (long)(milliseconds % 1000) * 1000000};
    nanosleep(&time, NULL);
}

void fetch_defaults(struct fetch_request *request) {
    request->jobs = 4;
    request->retries = 5;
    request->pause = 1000;
    request->patience = 30;
    request->most_bytes = limits.file_bytes;
}

bool fetch_all(struct arena *arena, const struct fetch_request *request) {
    struct fetching f = {.arena = arena, .request = request};
    f.jobs = arena_array_of(arena, request->count, struct job);
    for (uint32_t i = 0; i < request->count; i++)
        f.jobs[i] = (struct job){.item = &request->items[i], .fd = -1};
    int wait;
    while (start_due(&f, &wait)) {
        if (f.running > 0)
            move_bytes(&f, wait);
        else if (wait > 0)
            sleep_for(wait);
    }
    if (f.multi != NULL)
        f.curl->multi_cleanup(f.multi);
    bool all = true;
    for (uint32_t i = 0; i < request->count; i++) {
        enum fetch_state state = request->items[i].state;
        all = all && (state == FETCH_PRESENT || state == FETCH_BROUGHT);
    }
    return all;
}
