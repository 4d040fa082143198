// SPDX-License-Identifier: Apache-2.0
// Finds and opens OpenVINO's C library (see runtime_open). Only runtime.c includes this.
#ifndef ZOOC_RUNTIME_FIND_H
#define ZOOC_RUNTIME_FIND_H

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"
#include "compiler/verify/runtime_api.h"

// False after a report. The library stays loaded until the process ends.
bool runtime_find(struct arena *arena, struct diag *diag, const char *library,
                  struct runtime_api *api);

#endif
