// SPDX-License-Identifier: Apache-2.0
// libcurl, opened when it is first needed: loading it and the 25 libraries behind it takes longer
// than everything else at the start of zooc, and a build starts zooc for each step.
#ifndef ZOOC_CACHE_LIBCURL_H
#define ZOOC_CACHE_LIBCURL_H

#include <curl/curl.h>

// Its functions that are used, without the prefix. setopt and getinfo are not checked by the
// compiler here: numbers must be long or curl_off_t as the option says.
#define LIBCURL_FUNCTIONS(FUNCTION)                                                                \
    FUNCTION(global_init_mem)                                                                      \
    FUNCTION(easy_init)                                                                            \
    FUNCTION(easy_setopt)                                                                          \
    FUNCTION(easy_getinfo)                                                                         \
    FUNCTION(easy_perform)                                                                         \
    FUNCTION(easy_reset)                                                                           \
    FUNCTION(easy_cleanup)                                                                         \
    FUNCTION(easy_strerror)                                                                        \
    FUNCTION(easy_unescape)                                                                        \
    FUNCTION(free)                                                                                 \
    FUNCTION(slist_append)                                                                         \
    FUNCTION(slist_free_all)                                                                       \
    FUNCTION(multi_init)                                                                           \
    FUNCTION(multi_setopt)                                                                         \
    FUNCTION(multi_add_handle)                                                                     \
    FUNCTION(multi_remove_handle)                                                                  \
    FUNCTION(multi_perform)                                                                        \
    FUNCTION(multi_poll)                                                                           \
    FUNCTION(multi_info_read)                                                                      \
    FUNCTION(multi_cleanup)                                                                        \
    FUNCTION(multi_strerror)

struct libcurl {
#define FUNCTION(name) __typeof__(&curl_##name) name;
    LIBCURL_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

// NULL when it cannot be opened; *why then says so. Threads may call it.
const struct libcurl *libcurl_open(const char **why);

#endif
