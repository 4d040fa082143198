// SPDX-License-Identifier: Apache-2.0
// Private to compiler/batch: a step at work.
#ifndef ZOOC_BATCH_WORK_H
#define ZOOC_BATCH_WORK_H

#include <sys/stat.h>

#include "cache/record.h"
#include "compiler/base/strbuf.h"
#include "compiler/batch/events.h"
#include "compiler/batch/step.h"

struct work_input {
    const char *name; // in the record
    const char *path;
    struct stat status; // before it was hashed
};

struct cached; // cached.c

struct work {
    struct arena *arena;
    struct diag *diag;
    const struct step *step;
    child_function *(*find)(const char *name);
    const char *name; // of the step in .zooc/models/MODEL: "unpack", "FP32", "FP32.verify-1"
    const char *record_path;
    const char *log_path;
    int log;                  // open and locked while the step and the program it runs live, or -1
    const char *output_root;  // what the names of outputs are relative to, ends in '/'
    struct record *record;    // the question, then the answer
    const struct record *was; // of the last time, or NULL
    bool was_damaged;
    struct work_input *inputs; // that are there
    uint32_t input_count, input_capacity;
    const char *gone;   // an input that is not there, though what it was is known
    const char *spoilt; // an input, by its path, that is not what was unpacked: it counts as gone
    struct cached *cached;
    const char *notice;   // a line to print whatever came of the step, or NULL
    struct strbuf why;    // it runs
    struct strbuf output; // of the program it ran
    const char *cause;    // of its failure, one line; NULL: none yet
    uint64_t memory;      // of the program, bytes
};

// The question: fills record, was, inputs and gone. Reports what is missing and not known.
void work_ask(struct work *work);
// Nothing answered a question about an input that is gone.
void work_report_gone(struct work *work);
// Has what is spoilt unpacked anew by the next build.
void work_drop_spoilt(const struct work *work);

// One for each kind: does the work and adds outputs and results to the record. False with a report
// or with `cause` set.
typedef bool work_function(struct work *work);
work_function work_unpack, work_convert, work_verify;

// Removes what a failed step must not leave: its outputs, whoever made them.
void work_remove_outputs(const struct work *work);

// Adds a file to the question; reports when it cannot be read.
void work_add_input(struct work *work, const char *name, const char *path);
// The question of unpacking: where each file comes from, and what is done with them.
void work_ask_sources(struct work *work);

// The value of an option of the step, or NULL.
const char *work_setting(const struct work *work, const char *option);

// The files of an IR: "MODEL.xml"...
extern const size_t work_ir_file_count;
const char *work_ir_file(const struct work *work, size_t number);

// Hashes the file `name` below output_root and adds it to the record.
bool work_add_output(struct work *work, const char *name);

// The log beside the record, the event for `zooc build`, and on failure a line for ninja to print.
void work_tell(struct work *work, enum event_outcome outcome, double seconds);

#endif
