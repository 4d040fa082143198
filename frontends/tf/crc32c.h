// SPDX-License-Identifier: Apache-2.0
// CRC-32C (polynomial 0x1EDC6F41), which TensorFlow puts behind what it writes: blocks of
// checkpoints, tensors, records of event files. It is stored masked, so that a sum over data that
// itself holds sums stays a good one.
#ifndef ZOOC_TF_CRC32C_H
#define ZOOC_TF_CRC32C_H

#include "compiler/base/slice.h"

uint32_t crc32c(struct slice bytes);
// The sum of `before` and then `bytes`, where `crc` is that of `before`.
uint32_t crc32c_extend(uint32_t crc, struct slice bytes);
uint32_t crc32c_mask(uint32_t crc);
// The same without the processor's own instruction, for the test that both agree.
uint32_t crc32c_by_table(uint32_t crc, struct slice bytes);

#endif
