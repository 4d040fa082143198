// SPDX-License-Identifier: Apache-2.0
#include "cache/member.h"

#include <string.h>

#include "compiler/base/limits.h"

const char *member_clean(struct arena *arena, const char *name, const char **fault) {
    *fault = NULL;
    if (name[0] == '/')
        *fault = "has an absolute path";
    else if (strchr(name, '\\') != NULL)
        *fault = "has a backslash in its name";
    else if (name[0] == '\0')
        *fault = "has no name";
    else if (strlen(name) > limits.name_bytes)
        *fault = "has a name that is too long";
    char *clean = arena_alloc(arena, strlen(name) + 1), *to = clean;
    uint64_t depth = 0;
    while (*fault == NULL && *name != '\0') {
        size_t length = strcspn(name, "/");
        if (length == 2 && name[0] == '.' && name[1] == '.') {
            *fault = "leads out of its folder with '..'";
        } else if (length > 0 && !(length == 1 && name[0] == '.')) {
            if (to != clean)
                *to++ = '/';
            memcpy(to, name, length);
            to += length;
            if (++depth > limits.nesting)
                *fault = "lies too deep";
        }
        name += length + (name[length] == '/');
    }
    return *fault == NULL ? clean : NULL;
}

const char *member_below(const char *name, const char *prefix) {
    size_t length = strlen(prefix);
    if (length == 0)
        return name;
    if (strncmp(name, prefix, length) != 0 || (name[length] != '/' && name[length] != '\0'))
        return NULL;
    return name + length + (name[length] == '/');
}

const char *member_link_fault(const char *name, const char *target) {
    static const char outside[] = "is a link out of the archive";
    unsigned above = 0;
    for (; *name != '\0'; name++)
        above += *name == '/';
    if (target[0] == '\0' || target[0] == '/' || strchr(target, '\\') != NULL)
        return outside;
    bool plain = false; // a name has been seen: from here on no way up
    while (*target != '\0') {
        size_t length = strcspn(target, "/");
        bool up = length == 2 && target[0] == '.' && target[1] == '.';
        bool nothing = length == 0 || (length == 1 && target[0] == '.');
        if (up && (plain || above-- == 0))
            return outside;
        plain = plain || (!up && !nothing);
        target += length + (target[length] == '/');
    }
    return NULL;
}

struct known {
    const char *name;
    bool folder;
};

struct member_set {
    struct arena *arena;
    struct names *folded; // lower-case name -> struct known
};

struct member_set *member_set_new(struct arena *arena) {
    struct member_set *set = arena_new_of(arena, struct member_set);
    set->arena = arena;
    set->folded = names_new(arena);
    return set;
}

static char *fold_case(struct arena *arena, const char *name, size_t length) {
    char *folded = arena_strndup(arena, name, length);
    for (char *c = folded; *c != '\0'; c++) {
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    }
    return folded;
}

static const char *add_one(struct member_set *set, const char *name, size_t length, bool folder,
                           bool whole) {
    void **slot = names_slot(set->folded, fold_case(set->arena, name, length));
    if (*slot == NULL) {
        struct known *known = arena_new_of(set->arena, struct known);
        known->name = arena_strndup(set->arena, name, length);
        known->folder = folder;
        *slot = known;
        return NULL;
    }
    const struct known *known = *slot;
    if (strncmp(known->name, name, length) != 0)
        return arena_printf(set->arena, "differs from '%s' only in case", known->name);
    if (!whole && !known->folder)
        return arena_printf(set->arena, "lies below '%s', which is no folder", known->name);
    return known->folder && folder ? NULL : "occurs twice";
}

const char *member_set_add(struct member_set *set, const char *name, bool folder) {
    const char *fault = NULL;
    for (const char *end = strchr(name, '/'); end != NULL && fault == NULL;
         end = strchr(end + 1, '/'))
        fault = add_one(set, name, (size_t)(end - name), true, false);
    return fault != NULL ? fault : add_one(set, name, strlen(name), folder, true);
}
