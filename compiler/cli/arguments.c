// SPDX-License-Identifier: Apache-2.0
// "Model Optimizer arguments:": the options in force, in the words and order of the Model
// Optimizer, so that scripts and eyes that know its output find their way.
#include <string.h>
#include <unistd.h>

#include "compiler/cli/cli.h"
#include "compiler/driver/convert.h"

enum form {
    AS_TEXT,    // or "Not specified"
    INHERITED,  // or "Not specified, inherited from the model"
    AS_PATH,    // or "None"
    AS_DEFAULT, // a path, or "Default"
    AS_FLAG,    // True, False
    NOT_FLAG,   // the other way round
    OR_NONE,    // text, or "None"
    MODEL_NAME,
};

struct row {
    enum option_id option;
    enum form form;
    const char *title;
};

static const struct row common_rows[] = {
    {OPT_input_model, AS_PATH, "Path to the Input Model"},
    {OPT_output_dir, AS_PATH, "Path for generated IR"},
    {OPT_model_name, MODEL_NAME, "IR output name"},
    {OPT_log_level, AS_TEXT, "Log level"},
    {OPT_batch, INHERITED, "Batch"},
    {OPT_input, INHERITED, "Input layers"},
    {OPT_output, INHERITED, "Output layers"},
    {OPT_input_shape, INHERITED, "Input shapes"},
    {OPT_mean_values, AS_TEXT, "Mean values"},
    {OPT_scale_values, AS_TEXT, "Scale values"},
    {OPT_scale, AS_TEXT, "Scale factor"},
    {OPT_data_type, AS_TEXT, "Precision of IR"},
    {OPT_disable_fusing, NOT_FLAG, "Enable fusing"},
    {OPT_disable_gfusing, NOT_FLAG, "Enable grouped convolutions fusing"},
    {OPT_move_to_preprocess, AS_FLAG, "Move mean values to preprocess section"},
    {OPT_reverse_input_channels, AS_FLAG, "Reverse input channels"},
    {OPT_ir_version, AS_TEXT, "IR version"},
};

static const struct row caffe_rows[] = {
    {OPT_disable_resnet_optimization, NOT_FLAG, "Enable resnet optimization"},
    {OPT_input_proto, AS_DEFAULT, "Path to the Input prototxt"},
    {OPT_k, AS_DEFAULT, "Path to CustomLayersMapping.xml"},
    {OPT_mean_file, AS_TEXT, "Path to a mean file"},
    {OPT_mean_file_offsets, AS_TEXT, "Offsets for a mean file"},
};

static const struct row tf_rows[] = {
    {OPT_input_model_is_text, AS_FLAG, "Input model in text protobuf format"},
    {OPT_tensorboard_logdir, AS_PATH, "Path to model dump for TensorBoard"},
    {OPT_tensorflow_custom_operations_config_update, AS_PATH,
     "Update the configuration file with input/output node names"},
    {OPT_tensorflow_object_detection_api_pipeline_config, AS_PATH,
     "Use configuration file used to generate the model with Object Detection API"},
    {OPT_tensorflow_use_custom_operations_config, AS_PATH, "Use the config file"},
};

static const struct row mxnet_rows[] = {
    {OPT_input_symbol, AS_PATH, "Deploy-ready symbol file"},
    {OPT_legacy_mxnet_model, AS_FLAG,
     "Enable MXNet loader for models trained with MXNet version lower than 1.0.0"},
    {OPT_nd_prefix_name, OR_NONE, "Prefix name for args.nd and argx.nd files"},
    {OPT_pretrained_model_name, OR_NONE, "Pretrained model to be merged with the .nd files"},
    {OPT_save_params_from_nd, AS_FLAG, "Enable saving built parameters file from .nd files"},
};

static const struct row kaldi_rows[] = {
    {OPT_counts, AS_PATH, "A file name with full path to the counts file"},
    {OPT_remove_output_softmax, AS_FLAG, "Removes the SoftMax layer that is the output layer"},
};

#define ROWS(rows) rows, sizeof(rows) / sizeof((rows)[0])
static const struct section {
    const char *framework; // NULL: always
    const char *title;
    const struct row *rows;
    size_t count;
} sections[] = {
    {NULL, "Common", ROWS(common_rows)},           {"caffe", "Caffe specific", ROWS(caffe_rows)},
    {"tf", "TensorFlow specific", ROWS(tf_rows)},  {"mxnet", "MXNet specific", ROWS(mxnet_rows)},
    {"kaldi", "Kaldi specific", ROWS(kaldi_rows)},
};

const char *arguments_path(struct arena *arena, const char *path) {
    char here[4096];
    while (strncmp(path, "./", 2) == 0)
        path += 2;
    if (path[0] == '/' || getcwd(here, sizeof(here)) == NULL)
        return path;
    if (path[0] == '\0' || strcmp(path, ".") == 0)
        return arena_strdup(arena, here);
    return arena_printf(arena, "%s/%s", strcmp(here, "/") == 0 ? "" : here, path);
}

static const char *value_text(const struct conversion *c, const struct row *row) {
    const char *text = option_text(c->options, row->option);
    bool flag = option_flag(c->options, row->option);
    switch (row->form) {
    case AS_FLAG:
        return flag ? "True" : "False";
    case NOT_FLAG:
        return flag ? "False" : "True";
    case MODEL_NAME:
        return c->model_name;
    case AS_PATH:
        return text == NULL ? "None" : arguments_path(c->arena, text);
    case AS_DEFAULT:
        return text == NULL ? "Default" : arguments_path(c->arena, text);
    case INHERITED:
        return text == NULL ? "Not specified, inherited from the model" : text;
    case OR_NONE:
        return text == NULL ? "None" : text;
    default:
        return text == NULL ? "Not specified" : text;
    }
}

void arguments_print(const struct conversion *c, FILE *to) {
    fputs("Model Optimizer arguments:\n", to);
    for (size_t s = 0; s < sizeof(sections) / sizeof(sections[0]); s++) {
        const struct section *section = &sections[s];
        if (section->framework != NULL && strcmp(section->framework, c->frontend->name) != 0)
            continue;
        int width = 0;
        for (size_t i = 0; i < section->count; i++)
            if ((int)strlen(section->rows[i].title) > width)
                width = (int)strlen(section->rows[i].title);
        fprintf(to, "%s parameters:\n", section->title);
        for (size_t i = 0; i < section->count; i++) {
            const struct row *row = &section->rows[i];
            fprintf(to, "\t- %s: %*s\t%s\n", row->title, width - (int)strlen(row->title), "",
                    value_text(c, row));
        }
    }
    fprintf(to, "zooc version: \t%s\n", cli_version() + strlen("zooc "));
}
