// SPDX-License-Identifier: Apache-2.0
// Loaded before a program (LD_PRELOAD), refuses every socket and writes into the file $SOCKET_LOG
// that one was wanted.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static int refuse(const char *call) {
    const char *path = getenv("SOCKET_LOG");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (file) {
        fprintf(file, "%s\n", call);
        fclose(file);
    }
    errno = EACCES;
    return -1;
}

int socket(int family, int type, int protocol) {
    (void)family;
    (void)type;
    (void)protocol;
    return refuse("socket");
}

int socketpair(int family, int type, int protocol, int ends[2]) {
    (void)family;
    (void)type;
    (void)protocol;
    (void)ends;
    return refuse("socketpair");
}
