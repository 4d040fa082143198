// SPDX-License-Identifier: Apache-2.0
// Loading extensions.
#include "frontends/extension.h"

#include <dlfcn.h>
#include <elf.h>
#include <glob.h>
#include <string.h>

#include "build_id.h"
#include "compiler/base/fatal.h"
#include "frontends/frontend.h"
#include "frontends/source.h"

struct loading {
    struct arena *arena;
    struct diag *diag;
    struct extensions *all;
    uint32_t capacity;
};

static bool refuse(struct loading *l, const char *file, const char *why) {
    diag_report(l->diag, NULL, EXTENSION_LOAD, file, why);
    return false;
}

// --- checks --------------------------------------------------------------------------------------

static bool check_layers(struct loading *l, const char *file,
                         const struct extension_layers *layers) {
    const struct frontend *frontend = frontend_find(layers->framework);
    if (frontend == NULL || frontend->row_size != layers->row_size)
        return refuse(l, file,
                      arena_printf(l->arena, "it adds layers of '%s', which cannot be added to",
                                   layers->framework));
    for (size_t row = 0; row < layers->count; row++)
        if (extension_find(l->all, layers->framework, extension_type(layers, row)) != NULL) {
            diag_report(l->diag, NULL, EXTRACTOR_DUPLICATE, extension_type(layers, row));
            return false;
        }
    return true;
}

// --- loading -------------------------------------------------------------------------------------

static void keep(struct loading *l, const struct extension *extension) {
    ARENA_ROOM(l->arena, l->all->items, l->all->count, &l->capacity);
    l->all->items[l->all->count++] = extension;
}

// Whether all that the program headers name lies in the file: the loader believes them and maps it.
static bool is_whole(struct arena *arena, struct diag *diag, const char *file) {
    struct slice bytes, headers;
    Elf64_Ehdr elf;
    if (!source_open(arena, diag, file, &bytes) || bytes.size < sizeof elf)
        return false;
    memcpy(&elf, bytes.data, sizeof elf);
    uint64_t size = (uint64_t)elf.e_phnum * sizeof(Elf64_Phdr);
    if (memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 || elf.e_ident[EI_CLASS] != ELFCLASS64 ||
        elf.e_phentsize != sizeof(Elf64_Phdr) || !slice_sub(bytes, elf.e_phoff, size, &headers))
        return false;
    for (uint16_t i = 0; i < elf.e_phnum; i++) {
        Elf64_Phdr program;
        struct slice part;
        memcpy(&program, headers.data + i * sizeof program, sizeof program);
        if (program.p_type == PT_LOAD &&
            !slice_sub(bytes, program.p_offset, program.p_filesz, &part))
            return false;
    }
    return true;
}

static bool load_file(struct loading *l, const char *file) {
    // With a slash, so that nothing is looked for elsewhere.
    const char *path = strchr(file, '/') == NULL ? arena_printf(l->arena, "./%s", file) : file;
    if (!is_whole(l->arena, l->diag, file))
        return refuse(l, file, "it is no whole shared object");
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (object == NULL)
        return refuse(l, file, dlerror());
    const struct extension *extension = dlsym(object, "zooc_extension");
    if (extension == NULL)
        return refuse(l, file, "it has no zooc_extension");
    if (strcmp(extension->build_id, ZOOC_BUILD_ID) != 0)
        return refuse(l, file, "it was built for another zooc");
    for (size_t i = 0; i < extension->count; i++)
        if (!check_layers(l, file, &extension->layers[i]))
            return false;
    keep(l, extension);
    return true;
}

// In the order of their names. Special characters of glob(3) in a folder's name stand for
// themselves.
static bool load_folder(struct loading *l, const char *folder) {
    char *pattern = arena_array(l->arena, strlen(folder) + 8, 2), *to = pattern;
    for (const char *c = folder; *c != '\0'; c++) {
        if (strchr("*?[]\\", *c) != NULL)
            *to++ = '\\';
        *to++ = *c;
    }
    memcpy(to, "/*.so", sizeof "/*.so");
    glob_t found;
    int status = glob(pattern, 0, NULL, &found);
    if (status == GLOB_NOSPACE)
        fatal_out_of_memory();
    bool good = true;
    for (size_t i = 0; status == 0 && good && i < found.gl_pathc; i++)
        good = load_file(l, found.gl_pathv[i]);
    globfree(&found);
    if (status != 0)
        diag_report(l->diag, NULL, EXTENSION_NONE, folder);
    return good;
}

bool extensions_load(struct arena *arena, struct diag *diag, const char *folders,
                     const struct extensions **out) {
    struct loading l = {
        .arena = arena, .diag = diag, .all = arena_new_of(arena, struct extensions)};
    *l.all = (struct extensions){0};
    *out = l.all;
    for (const char *at = folders; *at != '\0';) {
        size_t length = strcspn(at, ",");
        if (length > 0 && !load_folder(&l, arena_strndup(arena, at, length)))
            return false;
        at += length + (at[length] == ',');
    }
    return true;
}
