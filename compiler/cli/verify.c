// SPDX-License-Identifier: Apache-2.0
// zooc verify: run an IR on the OpenVINO runtime and compare its outputs with expected ones.
#include "compiler/verify/verify.h"

#include <errno.h>
#include <getopt.h>
#include <json-c/json.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/base/outfile.h"
#include "compiler/base/strbuf.h"
#include "compiler/cli/cli.h"

struct request {
    struct arena *arena;
    struct diag *diag;
    struct verify_job job;
    const char *report;
};

static const char usage[] =
    "usage: zooc verify --model X.xml --input FILE [--golden FILE] [options]\n"
    "\n"
    "  --model X.xml          IR version 10 or 11\n"
    "  --input FILE           .npz (an array per input) or .npy; rows beyond the model's batch "
    "are\n"
    "                         run batch by batch\n"
    "  --golden FILE          expected outputs, in the same form\n"
    "  --tolerance T          largest difference allowed, relative to the largest golden value\n"
    "                         (default 1e-4)\n"
    "  --rows_alike SHARE     rows in any order, and only this share of them (such as 0.95) need "
    "be\n"
    "                         within the tolerance: for what a score chooses\n"
    "  --labels FILE          .npy with the right class of each row: prints the accuracy\n"
    "  --expect_accuracy A    fails when the accuracy is more than 0.005 below A\n"
    "  --report FILE          writes the result as JSON\n"
    "  --runtime PATH         OpenVINO's C library, its folder or a virtual environment\n"
    "                         (default: ZOOC_OPENVINO, then what `make setup` installed)\n"
    "  --threads N            threads of the runtime (default: all)\n";

enum {
    OPT_MODEL = 1,
    OPT_INPUT,
    OPT_GOLDEN,
    OPT_TOLERANCE,
    OPT_ROWS_ALIKE,
    OPT_LABELS,
    OPT_ACCURACY,
    OPT_REPORT,
    OPT_RUNTIME,
    OPT_THREADS,
    OPT_HELP
};

static const struct option options[] = {
    {"model", required_argument, NULL, OPT_MODEL},
    {"input", required_argument, NULL, OPT_INPUT},
    {"golden", required_argument, NULL, OPT_GOLDEN},
    {"tolerance", required_argument, NULL, OPT_TOLERANCE},
    {"rows_alike", required_argument, NULL, OPT_ROWS_ALIKE},
    {"labels", required_argument, NULL, OPT_LABELS},
    {"expect_accuracy", required_argument, NULL, OPT_ACCURACY},
    {"report", required_argument, NULL, OPT_REPORT},
    {"runtime", required_argument, NULL, OPT_RUNTIME},
    {"threads", required_argument, NULL, OPT_THREADS},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static double take_number(struct request *r, const char *option, const char *text, double most) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= 0 && value <= most))
        diag_report(r->diag, NULL, OPTION_VALUE, option, text, "it is no number in range");
    return value;
}

static void take_option(struct request *r, int option, const char *value) {
    struct verify_job *job = &r->job;
    switch (option) {
    case OPT_MODEL:
        job->model = value;
        break;
    case OPT_INPUT:
        job->input = value;
        break;
    case OPT_GOLDEN:
        job->golden = value;
        break;
    case OPT_LABELS:
        job->labels = value;
        break;
    case OPT_REPORT:
        r->report = value;
        break;
    case OPT_RUNTIME:
        job->library = value;
        break;
    case OPT_TOLERANCE:
        job->tolerance = take_number(r, "--tolerance", value, HUGE_VAL);
        break;
    case OPT_ROWS_ALIKE:
        job->rows_alike = take_number(r, "--rows_alike", value, 1);
        break;
    case OPT_ACCURACY:
        job->expected_accuracy = take_number(r, "--expect_accuracy", value, 1);
        break;
    case OPT_THREADS:
        job->threads = (unsigned)take_number(r, "--threads", value, 4096);
        break;
    default:
        break;
    }
}

static void check_request(struct request *r) {
    const struct verify_job *job = &r->job;
    if (job->model == NULL)
        diag_report(r->diag, NULL, OPTION_MISSING, "--model");
    if (job->input == NULL)
        diag_report(r->diag, NULL, OPTION_MISSING, "--input");
    if (job->golden == NULL && job->labels == NULL)
        diag_report(r->diag, NULL, OPTION_MISSING, "--golden");
}

// False when only help was asked for.
static bool parse(struct request *r, int argc, char **argv) {
    int option;
    opterr = 0;
    optind = 0; // the scanner keeps its state: start it anew
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == OPT_HELP)
            return false;
        if (option == '?')
            diag_report(r->diag, NULL, OPTION_UNKNOWN, argv[optind > 0 ? optind - 1 : 0]);
        else
            take_option(r, option, optarg);
    }
    if (optind < argc)
        diag_report(r->diag, NULL, OPTION_UNKNOWN, argv[optind]);
    else
        check_request(r);
    return true;
}

// --- printing -----------------------------------------------------------------------------------

static void print_result(const struct verify_job *job, const struct verify_result *result) {
    for (size_t i = 0; i < result->output_count; i++) {
        const struct verify_output *o = &result->outputs[i];
        const struct difference *d = &o->difference;
        if (d->comparable)
            printf("output '%s': max difference %.3g, relative %.3g of at most %.3g: %s\n", o->name,
                   d->absolute, d->relative, job->tolerance, o->within ? "ok" : "TOO LARGE");
        else
            printf("output '%s': has another size\n", o->name);
    }
    if (result->accuracy >= 0) {
        printf("accuracy %.4f over %llu rows", result->accuracy, (unsigned long long)result->rows);
        if (job->expected_accuracy >= 0)
            printf(", %.4f expected", job->expected_accuracy);
        printf("\n");
    }
}

// JSON has no infinity: null stands for it.
static struct json_object *json_number(double value) {
    if (!isfinite(value))
        return NULL;
    struct strbuf text = STRBUF_INIT;
    strbuf_double(&text, value);
    struct json_object *number = json_object_new_double_s(value, text.data);
    strbuf_free(&text);
    return number;
}

static struct json_object *json_output(const struct verify_output *o) {
    struct json_object *item = json_object_new_object();
    const struct difference *d = &o->difference;
    json_object_object_add(item, "name", json_object_new_string(o->name));
    json_object_object_add(item, "max_difference",
                           json_number(d->comparable ? d->absolute : HUGE_VAL));
    json_object_object_add(item, "relative_difference",
                           json_number(d->comparable ? d->relative : HUGE_VAL));
    json_object_object_add(item, "ok", json_object_new_boolean(o->within));
    return item;
}

static struct json_object *json_report(const struct request *r, const struct verify_result *result,
                                       bool ok) {
    const struct verify_job *job = &r->job;
    struct json_object *root = json_object_new_object();
    struct json_object *outputs = json_object_new_array();
    for (size_t i = 0; i < result->output_count; i++)
        json_object_array_add(outputs, json_output(&result->outputs[i]));
    json_object_object_add(root, "ok", json_object_new_boolean(ok));
    json_object_object_add(root, "runtime", json_object_new_string(result->runtime));
    json_object_object_add(root, "tolerance", json_number(job->tolerance));
    json_object_object_add(root, "outputs", outputs);
    if (result->accuracy >= 0) {
        json_object_object_add(root, "rows", json_object_new_int64((int64_t)result->rows));
        json_object_object_add(root, "accuracy", json_number(result->accuracy));
        if (job->expected_accuracy >= 0)
            json_object_object_add(root, "expected_accuracy", json_number(job->expected_accuracy));
    }
    return root;
}

static void write_report(struct request *r, const struct verify_result *result, bool ok) {
    struct json_object *root = json_report(r, result, ok);
    const char *json = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
                                                                JSON_C_TO_STRING_NOSLASHESCAPE);
    const char *text = arena_printf(r->arena, "%s\n", json);
    if (!outfile_replace(r->report, text, strlen(text), NULL))
        diag_report(r->diag, NULL, OUTPUT_WRITE, r->report, strerror(errno));
    json_object_put(root);
}

static int run(struct request *r) {
    struct verify_result result;
    bool ok = verify_run(r->arena, r->diag, &r->job, &result);
    print_result(&r->job, &result);
    if (r->report != NULL && result.runtime != NULL)
        write_report(r, &result, ok);
    return diag_exit_code(r->diag);
}

int command_verify(int argc, char **argv) {
    struct arena *arena = arena_new();
    struct request r = {.arena = arena, .diag = diag_new(arena)};
    r.job.tolerance = 1e-4;
    r.job.rows_alike = 1;
    r.job.expected_accuracy = -1;
    int code = EXIT_DONE;
    if (!parse(&r, argc, argv))
        fputs(usage, stdout);
    else if (diag_count(r.diag, DIAG_FAILED) > 0)
        code = EXIT_USAGE;
    else
        code = run(&r);
    fflush(stdout);
    cli_print_diag(r.diag, NULL);
    arena_free(arena);
    return code;
}
