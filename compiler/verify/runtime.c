// SPDX-License-Identifier: Apache-2.0
#include "compiler/verify/runtime.h"

#include <stdio.h>
#include <string.h>

#include "compiler/verify/runtime_find.h"

struct runtime {
    struct arena *arena;
    struct diag *diag;
    struct runtime_api api;
    ov_core *core;
    const char *version;
};

struct runtime_model {
    struct runtime *rt;
    const char *file;
    ov_compiled_model *compiled;
    ov_infer_request *request;
    unsigned input_count, output_count;
    struct runtime_port *inputs, *outputs;
};

// The runtime's numbers of element types (ov_element_type_e since 2025).
static const struct {
    int code;
    enum dtype type;
} element_types[] = {
    {1, DT_BOOL}, {2, DT_BF16}, {3, DT_F16}, {4, DT_F32},  {5, DT_F64},  {7, DT_I8},   {8, DT_I16},
    {9, DT_I32},  {10, DT_I64}, {16, DT_U8}, {17, DT_U16}, {18, DT_U32}, {19, DT_U64},
};
enum { ELEMENT_TYPES = sizeof(element_types) / sizeof(element_types[0]) };

static enum dtype type_of_code(int code) {
    for (size_t i = 0; i < ELEMENT_TYPES; i++)
        if (element_types[i].code == code)
            return element_types[i].type;
    return DT_UNKNOWN;
}

static int code_of_type(enum dtype type) {
    for (size_t i = 0; i < ELEMENT_TYPES; i++)
        if (element_types[i].type == type)
            return element_types[i].code;
    return 0;
}

// Reports a status other than success, with the runtime's own words where it has any.
static bool check(struct runtime *rt, const char *file, int status, const char *what) {
    if (status == 0)
        return true;
    struct place place = {.file = file};
    const char *message = rt->api.ov_get_last_err_msg();
    if (message == NULL || *message == '\0')
        message = rt->api.ov_get_error_info(status);
    const char *text = arena_printf(rt->arena, "%s: %s", what, message != NULL ? message : "?");
    diag_report(rt->diag, &place, RUNTIME_FAILED, text);
    return false;
}

// --- opening ------------------------------------------------------------------------------------

static void close_core(void *data) {
    struct runtime *rt = data;
    rt->api.ov_core_free(rt->core);
}

static ov_tensor *new_tensor(struct runtime *rt, enum dtype type, unsigned rank,
                             const uint64_t *dims, int *status) {
    int64_t copy[NDARRAY_MAX_RANK] = {0};
    for (unsigned i = 0; i < rank; i++)
        copy[i] = (int64_t)dims[i];
    ov_shape shape = {.rank = 0}; // of a scalar: the runtime makes no shape without dimensions
    ov_tensor *tensor = NULL;
    *status = rank == 0 ? 0 : rt->api.ov_shape_create((int64_t)rank, copy, &shape);
    if (*status == 0) {
        *status = rt->api.ov_tensor_create(code_of_type(type), shape, &tensor);
        if (rank > 0)
            rt->api.ov_shape_free(&shape);
    }
    return *status == 0 ? tensor : NULL;
}

// The numbers of element types have moved once; a tensor's size shows a runtime that has others.
static bool check_element_types(struct runtime *rt) {
    const uint64_t one = 1;
    for (size_t i = 0; i < ELEMENT_TYPES; i++) {
        int status;
        size_t size = 0;
        ov_tensor *tensor = new_tensor(rt, element_types[i].type, 1, &one, &status);
        bool same = tensor != NULL && rt->api.ov_tensor_get_byte_size(tensor, &size) == 0 &&
                    size == dtype_size(element_types[i].type);
        if (tensor != NULL)
            rt->api.ov_tensor_free(tensor);
        if (!same) {
            diag_report(rt->diag, NULL, RUNTIME_FAILED,
                        arena_printf(rt->arena, "version %s is not supported", rt->version));
            return false;
        }
    }
    return true;
}

struct runtime *runtime_open(struct arena *arena, struct diag *diag, const char *library) {
    struct runtime *rt = arena_new_of(arena, struct runtime);
    ov_version version = {.build = NULL};
    rt->arena = arena;
    rt->diag = diag;
    if (!runtime_find(arena, diag, library, &rt->api) ||
        !check(rt, NULL, rt->api.ov_get_openvino_version(&version), "its version is unknown"))
        return NULL;
    rt->version = arena_strdup(arena, version.build);
    rt->api.ov_version_free(&version);
    if (!check_element_types(rt) ||
        !check(rt, NULL, rt->api.ov_core_create(&rt->core), "it does not start"))
        return NULL;
    arena_at_free(arena, close_core, rt);
    return rt;
}

const char *runtime_version(const struct runtime *rt) {
    return rt->version;
}

// --- models -------------------------------------------------------------------------------------

static void close_model(void *data) {
    struct runtime_model *m = data;
    if (m->request != NULL)
        m->rt->api.ov_infer_request_free(m->request);
    if (m->compiled != NULL)
        m->rt->api.ov_compiled_model_free(m->compiled);
}

// A port without names makes the runtime throw; for us it is a port with the name "".
static const char *port_name(struct runtime *rt, const ov_port *port) {
    char *name = NULL;
    if (rt->api.ov_port_get_any_name(port, &name) != 0 || name == NULL)
        return "";
    const char *copy = arena_strdup(rt->arena, name);
    rt->api.ov_free(name);
    return copy;
}

static bool describe(struct runtime_model *m, const ov_port *port, struct runtime_port *out) {
    struct runtime *rt = m->rt;
    ov_partial_shape shape = {.dims = NULL};
    int code = 0;
    out->name = port_name(rt, port);
    if (!check(rt, m->file, rt->api.ov_port_get_element_type(port, &code), "a port's type") ||
        !check(rt, m->file, rt->api.ov_port_get_partial_shape(port, &shape), "a port's shape"))
        return false;
    bool known = shape.rank.min == shape.rank.max && shape.rank.min >= 0 &&
                 shape.rank.min <= NDARRAY_MAX_RANK;
    out->type = type_of_code(code);
    out->rank = known ? (unsigned)shape.rank.min : 0;
    for (unsigned d = 0; d < out->rank; d++)
        out->shape[d] = shape.dims[d].min == shape.dims[d].max ? shape.dims[d].min : -1;
    rt->api.ov_partial_shape_free(&shape);
    if (!known || out->type == DT_UNKNOWN) {
        struct place place = {.file = m->file};
        diag_report(rt->diag, &place, RUNTIME_FAILED,
                    arena_printf(rt->arena, "port '%s' has an unknown rank or type", out->name));
        return false;
    }
    return true;
}

static bool read_ports(struct runtime_model *m, bool inputs, unsigned *count,
                       struct runtime_port **ports) {
    struct runtime_api *api = &m->rt->api;
    size_t n = 0;
    int status = inputs ? api->ov_compiled_model_inputs_size(m->compiled, &n)
                        : api->ov_compiled_model_outputs_size(m->compiled, &n);
    if (!check(m->rt, m->file, status, "its ports"))
        return false;
    *count = (unsigned)n;
    *ports = arena_array_of(m->rt->arena, n, struct runtime_port);
    for (size_t i = 0; i < n; i++) {
        ov_port *port = NULL;
        status = inputs ? api->ov_compiled_model_input_by_index(m->compiled, i, &port)
                        : api->ov_compiled_model_output_by_index(m->compiled, i, &port);
        if (!check(m->rt, m->file, status, "a port"))
            return false;
        bool ok = describe(m, port, &(*ports)[i]);
        api->ov_output_const_port_free(port);
        if (!ok)
            return false;
    }
    return true;
}

static bool compile(struct runtime_model *m, unsigned threads) {
    struct runtime_api *api = &m->rt->api;
    ov_model *model = NULL;
    char number[16];
    snprintf(number, sizeof(number), "%u", threads);
    if (!check(m->rt, m->file, api->ov_core_read_model(m->rt->core, m->file, NULL, &model),
               "it cannot be read"))
        return false;
    // Properties come as pairs of strings. Without the hint some machines compute in bfloat16.
    int status = api->ov_core_compile_model(m->rt->core, model, "CPU", 4, &m->compiled,
                                            "INFERENCE_PRECISION_HINT", "f32",
                                            "INFERENCE_NUM_THREADS", number);
    api->ov_model_free(model);
    return check(m->rt, m->file, status, "it cannot be compiled");
}

struct runtime_model *runtime_load(struct runtime *rt, const char *xml, unsigned threads) {
    struct runtime_model *m = arena_new_of(rt->arena, struct runtime_model);
    m->rt = rt;
    m->file = xml;
    arena_at_free(rt->arena, close_model, m);
    bool ok =
        compile(m, threads) &&
        check(rt, xml, rt->api.ov_compiled_model_create_infer_request(m->compiled, &m->request),
              "no request can be made") &&
        read_ports(m, true, &m->input_count, &m->inputs) &&
        read_ports(m, false, &m->output_count, &m->outputs);
    return ok ? m : NULL;
}

unsigned runtime_input_count(const struct runtime_model *m) {
    return m->input_count;
}

unsigned runtime_output_count(const struct runtime_model *m) {
    return m->output_count;
}

const struct runtime_port *runtime_input(const struct runtime_model *m, unsigned index) {
    return &m->inputs[index];
}

const struct runtime_port *runtime_output(const struct runtime_model *m, unsigned index) {
    return &m->outputs[index];
}

// The runtime knows every name of a port but tells only one: two ports are the same when that is.
static int find_port(const struct runtime_model *m, int status, ov_port *port,
                     const struct runtime_port *ports, unsigned count) {
    if (status != 0)
        return -1;
    const char *name = port_name(m->rt, port);
    m->rt->api.ov_output_const_port_free(port);
    for (unsigned i = 0; i < count; i++)
        if (strcmp(ports[i].name, name) == 0)
            return (int)i;
    return -1;
}

int runtime_find_input(const struct runtime_model *m, const char *name) {
    ov_port *port = NULL;
    int status = m->rt->api.ov_compiled_model_input_by_name(m->compiled, name, &port);
    return find_port(m, status, port, m->inputs, m->input_count);
}

int runtime_find_output(const struct runtime_model *m, const char *name) {
    ov_port *port = NULL;
    int status = m->rt->api.ov_compiled_model_output_by_name(m->compiled, name, &port);
    return find_port(m, status, port, m->outputs, m->output_count);
}

// --- inference ----------------------------------------------------------------------------------

static bool give_input(struct runtime_model *m, unsigned index, const struct ndarray *a) {
    struct runtime_api *api = &m->rt->api;
    int status;
    size_t size = 0;
    void *data = NULL;
    ov_tensor *tensor = new_tensor(m->rt, a->type, a->rank, a->shape, &status);
    if (status == 0)
        status = api->ov_tensor_get_byte_size(tensor, &size);
    if (status == 0)
        status = api->ov_tensor_data(tensor, &data);
    if (status == 0 && size == ndarray_bytes(a)) {
        if (size > 0)
            memcpy(data, a->data, size);
        status = api->ov_infer_request_set_input_tensor_by_index(m->request, index, tensor);
    }
    if (tensor != NULL)
        api->ov_tensor_free(tensor);
    return check(m->rt, m->file, status, "an input is refused");
}

static bool copy_shape(struct runtime_model *m, const ov_tensor *tensor, struct ndarray *out) {
    struct runtime_api *api = &m->rt->api;
    ov_shape shape = {.dims = NULL};
    if (!check(m->rt, m->file, api->ov_tensor_get_shape(tensor, &shape), "an output's shape"))
        return false;
    out->rank = (unsigned)shape.rank;
    bool ok = shape.rank >= 0 && shape.rank <= NDARRAY_MAX_RANK;
    for (unsigned d = 0; ok && d < out->rank; d++) {
        out->shape[d] = (uint64_t)shape.dims[d];
        out->count *= out->shape[d];
    }
    api->ov_shape_free(&shape);
    return ok;
}

// The library cannot tell the shape of a scalar.
static bool copy_output(struct runtime_model *m, const struct runtime_port *port,
                        const ov_tensor *tensor, struct arena *arena, struct ndarray *out) {
    struct runtime_api *api = &m->rt->api;
    size_t size = 0;
    void *data = NULL;
    out->count = 1;
    bool ok = port->rank == 0 || copy_shape(m, tensor, out);
    if (!ok || !check(m->rt, m->file, api->ov_tensor_get_byte_size(tensor, &size), "an output"))
        return false;
    if (size > 0 && !check(m->rt, m->file, api->ov_tensor_data(tensor, &data), "an output"))
        return false;
    out->data = arena_copy(arena, data, size);
    return true;
}

bool runtime_infer(struct runtime_model *m, const struct ndarray *inputs, struct arena *arena,
                   struct ndarray *outputs) {
    struct runtime_api *api = &m->rt->api;
    for (unsigned i = 0; i < m->input_count; i++)
        if (!give_input(m, i, &inputs[i]))
            return false;
    if (!check(m->rt, m->file, api->ov_infer_request_infer(m->request), "it cannot be run"))
        return false;
    for (unsigned i = 0; i < m->output_count; i++) {
        ov_tensor *tensor = NULL;
        int status = api->ov_infer_request_get_output_tensor_by_index(m->request, i, &tensor);
        if (!check(m->rt, m->file, status, "an output"))
            return false;
        outputs[i] = (struct ndarray){.name = m->outputs[i].name, .type = m->outputs[i].type};
        bool ok = copy_output(m, &m->outputs[i], tensor, arena, &outputs[i]);
        api->ov_tensor_free(tensor);
        if (!ok)
            return false;
    }
    return true;
}
