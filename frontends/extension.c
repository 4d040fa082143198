// SPDX-License-Identifier: Apache-2.0
#include "frontends/extension.h"

#include <string.h>
#include <strings.h>

const void *extension_find(const struct extensions *all, const char *framework, const char *type) {
    for (uint32_t i = 0; all != NULL && i < all->count; i++)
        for (size_t k = 0; k < all->items[i]->count; k++) {
            const struct extension_layers *layers = &all->items[i]->layers[k];
            if (strcmp(layers->framework, framework) != 0)
                continue;
            for (size_t row = 0; row < layers->count; row++)
                if (strcasecmp(extension_type(layers, row), type) == 0)
                    return (const char *)layers->rows + row * layers->row_size;
        }
    return NULL;
}
