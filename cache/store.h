// SPDX-License-Identifier: Apache-2.0
// The content-addressed store: objects under their SHA-256, and notes (small texts) under a key of
// somebody's choice. Any number of processes, on several machines when the file system is shared,
// may use one folder at the same time: everything appears by rename, whole or not at all.
//
//   FOLDER/objects/ab/cdef...        an object; its name is its content's SHA-256
//   FOLDER/notes/ROOM/ab/cdef...     a note, its SHA-256 on the first line
//   FOLDER/partial/..., FOLDER/tmp/  what is on its way, locked by who makes it
//
// Nothing from the store is believed: a note is always hashed when it is read, an object when its
// stamp is not the one it got (the nanoseconds of its time of change are taken from its name, so
// whoever writes into it, or into an output that is a hard link to it, breaks the stamp). What is
// damaged is removed and counts as missing. The time of last use is the file's access time.
//
// Functions return false, NULL or -1 with errno: ENOENT when something is missing, EBADMSG when it
// was damaged, EROFS when the store is read-only.
#ifndef ZOOC_CACHE_STORE_H
#define ZOOC_CACHE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/digest.h"
#include "compiler/base/arena.h"
#include "compiler/base/slice.h"

enum { STORE_KEY_SIZE = SHA256_TEXT_SIZE };

struct store;

// `given` (from --cache_dir) or else $ZOOC_CACHE, $XDG_CACHE_HOME/zooc, $HOME/.cache/zooc. NULL
// when there is none of them.
const char *store_folder(struct arena *arena, const char *given);

// A store belongs to the arena; threads may share it. One that is read-only need not exist, and is
// neither written nor are its times of use.
struct store *store_open(struct arena *arena, const char *folder, bool read_only);
const char *store_path(const struct store *store);

// ---- Putting ----

enum store_share {
    STORE_COPY, // the blocks are shared where the file system can (reflink), else copied
    STORE_LINK, // reflink, else hard link, else copy. A hard link makes the file itself read-only
};

bool store_put_bytes(struct store *store, const void *data, size_t size, char key[STORE_KEY_SIZE]);
bool store_put_file(struct store *store, const char *path, enum store_share share,
                    char key[STORE_KEY_SIZE], uint64_t *size);

// As a stream. Errors are kept until the end. With `expected` an object of another key is not put
// (EBADMSG; `key` says which it would have been).
struct store_writer;
struct store_writer *store_writer_new(struct store *store);
void store_write(struct store_writer *writer, const void *data, size_t size);
bool store_writer_end(struct store_writer *writer, const char *expected, char key[STORE_KEY_SIZE]);
void store_writer_drop(struct store_writer *writer);

// A whole file that lies inside the store's folder and was hashed by the caller: it becomes the
// object.
bool store_adopt(struct store *store, const char *path, const char *key);

// ---- Getting ----

enum store_check {
    STORE_BY_STAMP, // hashed when the stamp is not right
    STORE_BY_HASH,  // hashed
};

// Is it there? Nothing is checked but that.
bool store_has(const struct store *store, const char *key, uint64_t *size);
// The object open for reading.
int store_open_object(struct store *store, const char *key, enum store_check check);
// The object as file `path`, in place of what is there; the folder above exists.
bool store_get(struct store *store, const char *key, const char *path, enum store_share share,
               enum store_check check);
// Hashes it; false, and it is gone, when it is damaged. That is no use of it.
bool store_is_sound(struct store *store, const char *key);
bool store_drop(struct store *store, const char *key);

// ---- Notes ----
// `room` is a word of small letters; `key` the text of a SHA-256 or SHA-384.

bool store_note_write(struct store *store, const char *room, const char *key, const void *data,
                      size_t size);
bool store_note_read(struct arena *arena, struct store *store, const char *room, const char *key,
                     struct slice *out);
bool store_note_drop(struct store *store, const char *room, const char *key);
bool store_note_has(const struct store *store, const char *room, const char *key);

// Notes of these rooms are about files that were fetched, which cannot be made again here: under an
// object's key, that it is one; under a SHA-384, the key of the object that has it.
#define STORE_ROOM_FETCHED "fetched"
#define STORE_ROOM_SHA384 "sha384"

// ---- Unfinished files ----

// FOLDER/partial/NAME open for reading and writing, made when new, and locked (no waiting: EAGAIN
// when another process has it). It is removed, renamed or left for another day by the caller; the
// lock ends with close.
int store_partial(struct store *store, const char *name, const char **path, struct arena *arena);

// ---- All of it: store_sweep.c ----

struct store_entry {
    const char *room; // NULL: an object
    const char *key;
    uint64_t size;
    int64_t used; // nanoseconds since 1970
};

struct store_list {
    struct store_entry *entries; // sorted by room, then key
    uint32_t count;
    uint64_t bytes;
};

bool store_list(struct arena *arena, const struct store *store, struct store_list *out);

enum store_part {
    STORE_ALL,
    STORE_MADE, // what was fetched neither counts nor goes
};

struct store_swept {
    uint32_t count; // removed
    uint64_t bytes;
    uint64_t kept_bytes;
};

// Removes what was used the longest ago until no more than `most` bytes are left, and what dead
// processes left unfinished.
bool store_collect(struct store *store, enum store_part part, uint64_t most,
                   struct store_swept *out);

#endif
