// SPDX-License-Identifier: Apache-2.0
// Operators with a body graph, and state that outlives a run.
//
// The body is a graph of its own in the same arena; it reads nothing of the outer graph but through
// its Parameters, which it lists in body->parameters, and gives its Results (body->results). The
// port maps name them by their place in these lists.
#ifndef ZOOC_OPS_LOOP_H
#define ZOOC_OPS_LOOP_H

#include "compiler/ops/ops.h"

// TensorIterator runs over slices of its inputs. Loop runs while its condition holds, at most `trip
// count` times: its inputs 0 and 1 are the trip count (-1: no end) and the first condition, the
// rest are those of the map.
//
// inputs:  for each (mapped) input of the node PORT_FIELDS numbers: place of the body's Parameter,
//          axis (-1: the whole tensor), start, end, stride, part size
// outputs: for each output the same with the place of the body's Result: with an axis the parts of
// all
//          iterations joined, without it the last one
// back_edges: pairs (Result, Parameter): what one iteration hands to the next
// current_iteration: place of the Parameter that counts, condition: of the Result that goes on; -1
// none
enum { PORT_FIELDS = 6 };
#define LOOP_ATTRS(A)                                                                              \
    A(INTS, inputs, NO_DEFAULT, NULL, NULL, NULL)                                                  \
    A(INTS, outputs, NO_DEFAULT, NULL, NULL, NULL)                                                 \
    A(INTS, back_edges, NO_DEFAULT, NULL, NULL, NULL)                                              \
    A(INT, current_iteration, -1, NULL, NULL, NULL)                                                \
    A(INT, condition, -1, NULL, NULL, NULL)                                                        \
    A(GRAPH, body, NO_DEFAULT, NULL, NULL, NULL)
ATTR_STRUCT(loop, LOOP_ATTRS)

struct port { // an entry of inputs or outputs, read
    int64_t place, axis, start, end, stride, part;
};
uint32_t port_count(struct ints map);
struct port port_at(struct ints map, uint32_t index);
// Entry `index` says `p`; the list is a new one, since copies of a graph share theirs.
void port_set(struct arena *arena, struct ints *map, uint32_t index, const struct port *p);
// Index of the node's input that belongs to entry 0 of `inputs`.
uint32_t loop_first_input(const struct node *n);
// Iterations, or -1 when they are not known.
int64_t loop_iterations(const struct node *n);

// If: condition, then the inputs. The same maps, without axes, for each branch.
#define IF_ATTRS(A)                                                                                \
    A(INTS, then_inputs, NO_DEFAULT, NULL, NULL, NULL)                                             \
    A(INTS, else_inputs, NO_DEFAULT, NULL, NULL, NULL)                                             \
    A(GRAPH, then_body, NO_DEFAULT, NULL, NULL, NULL)                                              \
    A(GRAPH, else_body, NO_DEFAULT, NULL, NULL, NULL)
// then_inputs, else_inputs: for each Parameter of the body the input of the node (1 = the first
// behind the condition). Output i is Result i of either body.
ATTR_STRUCT(if_else, IF_ATTRS)

// A variable that keeps its value between runs: ReadValue gives the initial value the first time.
#define VARIABLE_ATTRS(A) A(STRING, variable_id, NO_DEFAULT, NULL, "variable_id", NULL)
ATTR_STRUCT(variable, VARIABLE_ATTRS)

// Classic IR's pair of layers. index 1: gives what was kept (no input); 0: keeps its input (no
// output).
#define MEMORY_ATTRS(A)                                                                            \
    A(STRING, id, NO_DEFAULT, NULL, NULL, "id")                                                    \
    A(INT, index, 0, NULL, NULL, "index")                                                          \
    A(INT, size, 2, NULL, NULL, "size")                                                            \
    A(TYPE, type, DT_F32, NULL, NULL, NULL)                                                        \
    A(SHAPE, shape, NO_DEFAULT, NULL, NULL, NULL)
ATTR_STRUCT(memory, MEMORY_ATTRS)

#endif
