// SPDX-License-Identifier: Apache-2.0
// The frames of TensorFlow's while loops: which nodes each holds. Private to loops.c.
#ifndef ZOOC_TF_FRAMES_H
#define ZOOC_TF_FRAMES_H

#include <string.h>

#include "frontends/tf/index.h"

enum { NO_FRAME = 0 };

struct frame {
    const char *name;
    uint32_t parent, depth;
    uint32_t exits;          // a list through tf_frames.next
    uint32_t members, count; // then another one, its length
};

struct tf_frames {
    struct tf_graph *g;
    uint32_t *frame_of;        // by node; NO_FRAME
    uint32_t *next;            // by node: the next one of its list, plus one
    uint32_t *user_of, *users; // by node: where its users begin in `users`
    uint32_t *stack, depth;
    struct frame *frames; // from 1 on
    uint32_t frame_count;
    struct names *by_name; // frames
    bool good;
};

static inline bool tf_is_op(const struct tf_node *n, const char *op) {
    // Nodes that hold references come in a second spelling, with "Ref" before.
    return strcmp(n->op, op) == 0 || (strncmp(n->op, "Ref", 3) == 0 && strcmp(n->op + 3, op) == 0);
}

// Finds the frames of a graph that has some. False, and `good` is false, after a report.
bool tf_find_frames(struct tf_graph *g, struct tf_frames *f);
// A node belongs to a frame, or to none.
void tf_frame_add(struct tf_frames *f, uint32_t node, uint32_t frame);
// Reports at a node; the first fault counts.
void tf_frame_fault(struct tf_frames *f, uint32_t node, const char *what);

#endif
