// SPDX-License-Identifier: Apache-2.0
// The part of OpenVINO's C interface that runtime.c uses, declared after its documentation. Only
// runtime*.c include this.
#ifndef ZOOC_RUNTIME_API_H
#define ZOOC_RUNTIME_API_H

#include <stddef.h>
#include <stdint.h>

typedef struct ov_core ov_core;
typedef struct ov_model ov_model;
typedef struct ov_compiled_model ov_compiled_model;
typedef struct ov_infer_request ov_infer_request;
typedef struct ov_tensor ov_tensor;
typedef struct ov_port ov_port;

typedef struct {
    int64_t rank;
    int64_t *dims;
} ov_shape;

typedef struct {
    int64_t min, max;
} ov_dimension;

typedef struct {
    ov_dimension rank;
    ov_dimension *dims;
} ov_partial_shape;

typedef struct {
    const char *build, *description;
} ov_version;

// F(result, name, arguments). A status is 0 for success.
#define OV_FUNCTIONS(F)                                                                            \
    F(int, ov_get_openvino_version, (ov_version *))                                                \
    F(void, ov_version_free, (ov_version *))                                                       \
    F(const char *, ov_get_error_info, (int status))                                               \
    F(const char *, ov_get_last_err_msg, (void))                                                   \
    F(void, ov_free, (const char *))                                                               \
    F(int, ov_core_create, (ov_core **))                                                           \
    F(void, ov_core_free, (ov_core *))                                                             \
    F(int, ov_core_read_model, (ov_core *, const char *xml, const char *bin, ov_model **))         \
    F(int, ov_core_compile_model,                                                                  \
      (ov_core *, const ov_model *, const char *device, size_t strings, ov_compiled_model **,      \
       ...))                                                                                       \
    F(void, ov_model_free, (ov_model *))                                                           \
    F(int, ov_compiled_model_inputs_size, (const ov_compiled_model *, size_t *))                   \
    F(int, ov_compiled_model_outputs_size, (const ov_compiled_model *, size_t *))                  \
    F(int, ov_compiled_model_input_by_index, (const ov_compiled_model *, size_t, ov_port **))      \
    F(int, ov_compiled_model_output_by_index, (const ov_compiled_model *, size_t, ov_port **))     \
    F(int, ov_compiled_model_input_by_name, (const ov_compiled_model *, const char *, ov_port **)) \
    F(int, ov_compiled_model_output_by_name,                                                       \
      (const ov_compiled_model *, const char *, ov_port **))                                       \
    F(int, ov_compiled_model_create_infer_request,                                                 \
      (const ov_compiled_model *, ov_infer_request **))                                            \
    F(void, ov_compiled_model_free, (ov_compiled_model *))                                         \
    F(int, ov_port_get_any_name, (const ov_port *, char **))                                       \
    F(int, ov_port_get_element_type, (const ov_port *, int *))                                     \
    F(int, ov_port_get_partial_shape, (const ov_port *, ov_partial_shape *))                       \
    F(void, ov_partial_shape_free, (ov_partial_shape *))                                           \
    F(void, ov_output_const_port_free, (ov_port *))                                                \
    F(int, ov_shape_create, (int64_t rank, const int64_t *dims, ov_shape *))                       \
    F(int, ov_shape_free, (ov_shape *))                                                            \
    F(int, ov_tensor_create, (int type, ov_shape, ov_tensor **))                                   \
    F(int, ov_tensor_get_shape, (const ov_tensor *, ov_shape *))                                   \
    F(int, ov_tensor_get_byte_size, (const ov_tensor *, size_t *))                                 \
    F(int, ov_tensor_data, (const ov_tensor *, void **))                                           \
    F(void, ov_tensor_free, (ov_tensor *))                                                         \
    F(int, ov_infer_request_set_input_tensor_by_index,                                             \
      (ov_infer_request *, size_t, const ov_tensor *))                                             \
    F(int, ov_infer_request_get_output_tensor_by_index,                                            \
      (const ov_infer_request *, size_t, ov_tensor **))                                            \
    F(int, ov_infer_request_infer, (ov_infer_request *))                                           \
    F(void, ov_infer_request_free, (ov_infer_request *))

struct runtime_api {
#define MEMBER(result, name, arguments) result(*name) arguments;
    OV_FUNCTIONS(MEMBER)
#undef MEMBER
};

#endif
