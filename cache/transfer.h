// SPDX-License-Identifier: Apache-2.0
// Private to cache/: one attempt to get one address into one open file.
#ifndef ZOOC_CACHE_TRANSFER_H
#define ZOOC_CACHE_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "cache/libcurl.h"
#include "compiler/base/arena.h"

enum transfer_verdict {
    TRANSFER_DONE,     // the server has sent all it has
    TRANSFER_PASSING,  // may go better another time
    TRANSFER_RANGE,    // the server does not continue where we stand
    TRANSFER_REFUSED,  // it will not go better
    TRANSFER_TOO_LONG, // more than `most`
    TRANSFER_UNWRITTEN // the disk is at fault
};

struct transfer {
    const struct libcurl *curl;
    CURL *easy;
    int fd;
    uint64_t start; // how much of the file was there
    uint64_t size;  // how much is there now
    uint64_t most;
    // What the server says:
    bool judged, ranged;
    uint64_t range_start;
    enum transfer_verdict fault;
    int error; // of writing
    char text[CURL_ERROR_SIZE];
};

// Makes t->easy ready to continue `url` in the file `fd`, `size` bytes of which are there. False
// when libcurl fails.
bool transfer_start(struct transfer *t, const struct libcurl *curl, const char *url, int fd,
                    uint64_t size, unsigned patience);

// What came of it; *cause in words when it is not done, *wait the seconds that the server asks for.
enum transfer_verdict transfer_end(struct transfer *t, CURLcode code, struct arena *arena,
                                   const char **cause, unsigned *wait);

#endif
