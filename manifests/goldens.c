// SPDX-License-Identifier: Apache-2.0
// What the framework itself computed, and how near the IR must come to it.
#include "manifests/read.h"

static void read_golden(struct reading *r, const char *key, const struct yaml *node,
                        struct manifest_golden *golden) {
    golden->at = yaml_place(r->file, node);
    golden->accuracy = -1;
    golden->tolerance[PRECISION_FP32] = 1e-4;
    golden->tolerance[PRECISION_FP16] = 2e-2;
    if (!read_object(r, OBJECT_GOLDEN, "'golden'", key, node, golden))
        return;
    bool labels = yaml_item(node, "labels") != NULL;
    if (yaml_item(node, "inputs") == NULL)
        report_missing(r, node, "'golden'", "'inputs'");
    if (yaml_item(node, "outputs") == NULL && !labels)
        report_missing(r, node, "'golden'", "'outputs' or 'labels'");
    if (golden->accuracy >= 0 && !labels)
        report_missing(r, node, "a golden with 'accuracy'", "'labels'");
}

void read_goldens(struct reading *r, const char *key, const struct yaml *node, void *field) {
    struct manifest_goldens *goldens = field;
    uint32_t count;
    const struct yaml *const *nodes = read_one_or_list(&node, &count);
    goldens->items = arena_array_of(r->arena, count, struct manifest_golden);
    goldens->count = count;
    for (uint32_t i = 0; i < count; i++)
        read_golden(r, key, nodes[i], &goldens->items[i]);
}
