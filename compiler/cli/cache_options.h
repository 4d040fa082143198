// SPDX-License-Identifier: Apache-2.0
// What the commands that work with the cache share.
#ifndef ZOOC_CLI_CACHE_OPTIONS_H
#define ZOOC_CLI_CACHE_OPTIONS_H

#include "cache/store.h"
#include "compiler/base/diag.h"

// The store of --cache_dir or of the environment; NULL after a report.
struct store *cli_open_store(struct arena *arena, struct diag *diag, const char *cache_dir);

// A whole number from `least` to `most`, or a size such as 512M, 4G; 0 after a report.
uint64_t cli_number(struct diag *diag, const char *option, const char *text, uint64_t least,
                    uint64_t most);
uint64_t cli_size(struct diag *diag, const char *option, const char *text);

#endif
