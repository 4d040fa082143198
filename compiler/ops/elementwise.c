// SPDX-License-Identifier: Apache-2.0
// Arithmetic: a line each.
#include "compiler/ops/elementwise.h"

#include <math.h>

#include "compiler/ops/evaluate.h"
#include "compiler/ops/shape_rules.h"

// --- large operands: a recipe in place of numbers ----------------------------------------------

enum { RECIPE_COUNT = 1 << 16, RECIPE_NUMBERS = 1 << 20 };

// The only axis of `shape` along which `t` (broadcast to it) may change; 0 when it is one number,
// -1 when there are several.
static int32_t only_axis(const struct tensor *t, const struct shape *shape) {
    int32_t axis = 0, count = 0, first = shape->rank - t->shape.rank;
    for (int32_t i = 0; i < t->shape.rank; i++)
        if (t->shape.dims[i] != 1) {
            axis = first + i;
            count++;
        }
    return count <= 1 ? axis : -1;
}

// The numbers of the small operand along the axis.
static const double *numbers_along(struct arena *arena, const struct tensor *t, int64_t count) {
    double *numbers = arena_array_of(arena, (size_t)count, double);
    if (tensor_count(t) == 1) {
        tensor_read_doubles(t, 0, 1, numbers);
        for (int64_t i = 1; i < count; i++)
            numbers[i] = numbers[0];
    } else {
        tensor_read_doubles(t, 0, (uint64_t)count, numbers);
    }
    return numbers;
}

static double *negated(struct arena *arena, const double *numbers, int64_t count) {
    double *result = arena_array_of(arena, (size_t)count, double);
    for (int64_t i = 0; i < count; i++)
        result[i] = -numbers[i];
    return result;
}

// large op small, of floats; NULL when it is no such thing.
static const struct tensor *affine_recipe(const struct node *n, const struct tensor *large,
                                          const struct tensor *small, const struct shape *shape) {
    struct arena *arena = n->graph->arena;
    int32_t axis = only_axis(small, shape);
    if (axis < 0 || shape->rank == 0 || !shape_equal(&large->shape, shape))
        return NULL;
    int64_t count = shape->dims[axis];
    if (count > RECIPE_NUMBERS)
        return NULL;
    const double *numbers = numbers_along(arena, small, count);
    if (n->op == &op_Multiply)
        return tensor_affine(arena, large, axis, numbers, NULL);
    if (n->op == &op_Subtract)
        numbers = negated(arena, numbers, count);
    return tensor_affine(arena, large, axis, NULL, numbers);
}

static const struct tensor *linear_recipe(const struct node *n, const struct shape *shape) {
    const struct tensor *a = node_constant(n, 0), *b = node_constant(n, 1), *result;
    uint64_t count;
    if (!dtype_is_float(input_type(n, 0)) || !shape_count(shape, &count) || count < RECIPE_COUNT)
        return NULL;
    result = affine_recipe(n, a, b, shape);
    return result == NULL && n->op != &op_Subtract ? affine_recipe(n, b, a, shape) : result;
}

// Sums, differences and products of a large tensor and numbers along one axis are a recipe, so that
// weights stay where they are.
static bool evaluate_linear(struct node *n, const struct tensor **outputs) {
    struct shape shape = n->outputs[0].shape;
    outputs[0] = shape_is_static(&shape) ? linear_recipe(n, &shape) : NULL;
    return outputs[0] != NULL || evaluate_scalar(n, outputs);
}

// --- the operators ------------------------------------------------------------------------------

#define BINARY(kind, since, more_flags, formula, text)                                             \
    ELEMENTWISE(kind, 2, since, more_flags, infer_broadcast, formula, text, .partial = 3,          \
                .evaluate = evaluate_scalar)
#define LINEAR(kind, more_flags, formula, text)                                                    \
    ELEMENTWISE(kind, 2, "opset1", more_flags, infer_broadcast, formula, text, .partial = 3,       \
                .evaluate = evaluate_linear)
#define UNARY(kind, since, more_flags, formula, text)                                              \
    ELEMENTWISE(kind, 1, since, more_flags, infer_same, formula, text, .partial = 1,               \
                .evaluate = evaluate_scalar)

static bool whole(const struct node *n) { // integers divide to integers, towards minus infinity
    return !dtype_is_float(input_type(n, 0));
}
static double divide(const struct node *n, double a, double b) {
    return whole(n) ? floor(a / b) : a / b;
}
static double floor_mod(double a, double b) {
    double r = fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}
static double sign(double a) {
    return a > 0 ? 1 : a < 0 ? -1 : a;
}
#define ZERO OP_UNARY_KEEPS_ZERO

LINEAR(Add, OP_COMMUTES, a + b, "a + b")
LINEAR(Subtract, 0, a - b, "a - b")
LINEAR(Multiply, OP_COMMUTES, a *b, "a * b")
BINARY(Divide, "opset1", 0, divide(n, a, b), "a / b; of integers rounded down")
BINARY(Maximum, "opset1", OP_COMMUTES, a > b ? a : b, "the larger of a and b")
BINARY(Minimum, "opset1", OP_COMMUTES, a < b ? a : b, "the smaller of a and b")
BINARY(Power, "opset1", 0, pow(a, b), "a to the power of b")
BINARY(SquaredDifference, "opset1", OP_COMMUTES, (a - b) * (a - b), "(a - b) * (a - b)")
BINARY(Mod, "opset1", 0, fmod(a, b), "remainder with the sign of a")
BINARY(FloorMod, "opset1", 0, floor_mod(a, b), "remainder with the sign of b")

UNARY(Abs, "opset1", ZERO, fabs(a), "absolute value")
UNARY(Negative, "opset1", ZERO, -a, "0 - a")
UNARY(Sign, "opset1", ZERO, sign(a), "-1, 0 or 1")
UNARY(Floor, "opset1", ZERO, floor(a), "largest whole number not above a")
UNARY(Ceiling, "opset1", ZERO, ceil(a), "smallest whole number not below a")
UNARY(Sqrt, "opset1", ZERO, sqrt(a), "square root")
UNARY(Log, "opset1", 0, log(a), "natural logarithm")
UNARY(Sin, "opset1", ZERO, sin(a), "sine")
UNARY(Cos, "opset1", 0, cos(a), "cosine")
UNARY(Tan, "opset1", ZERO, tan(a), "tangent")
UNARY(Asin, "opset1", ZERO, asin(a), "inverse sine")
UNARY(Acos, "opset1", 0, acos(a), "inverse cosine")
UNARY(Atan, "opset1", ZERO, atan(a), "inverse tangent")
UNARY(Sinh, "opset1", ZERO, sinh(a), "hyperbolic sine")
UNARY(Cosh, "opset1", 0, cosh(a), "hyperbolic cosine")
UNARY(Asinh, "opset4", ZERO, asinh(a), "inverse hyperbolic sine")
UNARY(Acosh, "opset4", 0, acosh(a), "inverse hyperbolic cosine")
UNARY(Atanh, "opset4", ZERO, atanh(a), "inverse hyperbolic tangent")
UNARY(Erf, "opset1", ZERO, erf(a), "error function")

// --- bits ---------------------------------------------------------------------------------------

static bool infer_bits(struct node *n) {
    if (dtype_is_float(input_type(n, 0)))
        return shape_error(n, "only integers have bits");
    return n->input_count > 1 ? infer_broadcast(n) : infer_same(n);
}
static double bits_not(const struct node *n, double a) {
    enum dtype type = input_type(n, 0);
    if (type == DT_BOOL)
        return a == 0;
    return dtype_is_signed(type) ? -a - 1 : ldexp(1, (int)dtype_size(type) * 8) - 1 - a;
}

// Operands are whole and below 2^53 (evaluate_scalar).
#define BITS(kind, since, inputs, more_flags, formula, text)                                       \
    ELEMENTWISE(kind, inputs, since, more_flags, infer_bits, formula, text,                        \
                .partial = (inputs) == 2 ? 3 : 1, .evaluate = evaluate_scalar)
BITS(BitwiseAnd, "opset13", 2, OP_COMMUTES, (double)((int64_t)a &(int64_t)b), "bits of a and of b")
BITS(BitwiseOr, "opset13", 2, OP_COMMUTES, (double)((int64_t)a | (int64_t)b), "bits of a or of b")
BITS(BitwiseXor, "opset13", 2, OP_COMMUTES, (double)((int64_t)a ^ (int64_t)b),
     "bits of either a or b")
BITS(BitwiseNot, "opset13", 1, 0, bits_not(n, a), "every bit turned")
BITS(BitwiseLeftShift, "opset15", 2, 0, b < 0 ? NAN : ldexp(a, (int)fmin(b, 64)),
     "bits of a moved up by b")
BITS(BitwiseRightShift, "opset15", 2, 0, b < 0 ? NAN : floor(ldexp(a, -(int)fmin(b, 64))),
     "bits of a moved down by b")

// --- those with attributes ----------------------------------------------------------------------

#define ATTR_OWNER struct convert
static const struct attr_def convert_attrs[] = {CONVERT_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

static bool infer_convert(struct node *n) {
    set_output(n, 0, ((const struct convert *)n->attrs)->destination_type, input_shape(n, 0));
    return true;
}

static bool evaluate_convert(struct node *n, const struct tensor **outputs) {
    const struct tensor *t = node_constant(n, 0);
    enum dtype to = ((const struct convert *)n->attrs)->destination_type;
    if (t->type != input_type(n, 0)) { // known in part: stays f64, whole numbers stay whole
        outputs[0] = dtype_is_float(to) || !dtype_is_float(input_type(n, 0))
                         ? t
                         : map_doubles(n->graph->arena, t, trunc);
        return outputs[0] != NULL;
    }
    outputs[0] = tensor_cast(n->graph->arena, t, to);
    return true;
}

const struct op_def op_Convert = {
    .name = "Convert",
    .doc = "another element type",
    .opset = "opset1",
    .flags = OP_OPSET | OP_ELEMENTWISE | OP_UNARY_KEEPS_ZERO,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(convert_attrs, convert),
    .infer = infer_convert,
    .evaluate = evaluate_convert,
    .partial = 1,
};

static const char *const round_modes[] = {"half_to_even", "half_away_from_zero", NULL};
#define ATTR_OWNER struct round
static const struct attr_def round_attrs[] = {ROUND_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

static double round_half(const struct node *n, double a, double b) {
    (void)b;
    bool even = ((const struct round *)n->attrs)->mode == ROUND_HALF_TO_EVEN;
    return even ? nearbyint(a) : round(a);
}

const struct op_def op_Round = {
    .name = "Round",
    .doc = "nearest whole number",
    .opset = "opset5",
    .flags = OP_OPSET | OP_ELEMENTWISE | OP_UNARY_KEEPS_ZERO,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(round_attrs, round),
    .infer = infer_same,
    .evaluate = evaluate_scalar,
    .partial = 1,
    .scalar = round_half,
};

struct value *build_convert(struct graph *g, const char *name, struct value *x, enum dtype type) {
    struct node *n = node_new(g, &op_Convert, name, NULL);
    ((struct convert *)n->attrs)->destination_type = type;
    node_add_input(n, x);
    node_finish(n);
    return &n->outputs[0];
}
