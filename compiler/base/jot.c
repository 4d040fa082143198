// SPDX-License-Identifier: Apache-2.0
#include "compiler/base/jot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "compiler/base/strbuf.h"

static bool write_all(int fd, const char *data, size_t size) {
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written < 0 && errno != EINTR)
            return false;
        data += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

bool jot(const char *path, const void *data, size_t size) {
    struct strbuf fresh = STRBUF_INIT;
    strbuf_printf(&fresh, "%s.%ld", path, (long)getpid());
    int fd = open(fresh.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool done = fd >= 0 && write_all(fd, data, size);
    if (fd >= 0 && close(fd) != 0)
        done = false;
    done = done && rename(fresh.data, path) == 0;
    int error = errno;
    if (fd >= 0 && !done)
        unlink(fresh.data);
    strbuf_free(&fresh);
    errno = error;
    return done;
}
