// SPDX-License-Identifier: Apache-2.0
// zoo.json: what was built from what. It holds contents, options and the compiler's build id, but
// no time, no path of a machine and no measured number, so that the same zoo gives the same bytes
// everywhere.
#ifndef ZOOC_BATCH_REPORT_H
#define ZOOC_BATCH_REPORT_H

#include <stdbool.h>

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"

// Reads the records below `folder` and writes its zoo.json when that changes. Models without a
// record are said to have failed. False after a report.
bool report_write(struct arena *arena, const char *folder, struct diag *diag);

#endif
