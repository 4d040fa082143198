// SPDX-License-Identifier: Apache-2.0
// Runs test cases of tests/topologies side by side, as many as cores and memory allow, and prints
// one table. The last line is "N passed, N failed".
#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/tools/parts/recipe.h"
#include "tests/tools/parts/trial.h"

struct job {
    const char *archive;
    const char *name;      // FAMILY/CASE
    uint64_t weight_bytes; // of the model
    pid_t pid;
    int result; // where its result comes from
};

struct runner {
    struct arena *arena;
    struct trial_setting setting;
    struct job *jobs;
    size_t count;
    unsigned parallel;
    uint64_t memory; // that the running trials may take together
    unsigned passed, failed;
    struct trial_result *done; // of the one printed last
};

static const char usage[] =
    "usage: topologies --zooc FILE --folder DIR --tables DIR [options] CASE.tar.xz...\n"
    "  --extensions DIR  what {extensions} in a case's options means\n"
    "  --filter PATTERN  only cases FAMILY/CASE that it matches (as a part of the name, or * and "
    "?)\n"
    "  --jobs N          trials side by side (default: one per core)\n"
    "  --keep            leaves the models and IRs in the folder\n";

// --- which cases --------------------------------------------------------------------------------

static const char *case_name(struct arena *arena, const char *path) {
    const char *base = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
    const char *folder = base > path ? base - 1 : path;
    while (folder > path && folder[-1] != '/')
        folder--;
    size_t length = strlen(folder), suffix = strlen(".tar.xz");
    return arena_strndup(arena, folder, length > suffix ? length - suffix : length);
}

static bool wanted(const char *filter, const char *name) {
    if (filter == NULL || *filter == '\0')
        return true;
    return strpbrk(filter, "*?") != NULL ? fnmatch(filter, name, 0) == 0
                                         : strstr(name, filter) != NULL;
}

// Large ones first: they would otherwise run alone at the end.
static int by_size(const void *a, const void *b) {
    const struct job *x = a, *y = b;
    if (x->weight_bytes != y->weight_bytes)
        return x->weight_bytes > y->weight_bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

static bool add_cases(struct runner *r, char **paths, int count, const char *filter) {
    r->jobs = arena_array_of(r->arena, (size_t)count + 1, struct job);
    for (int i = 0; i < count; i++) {
        struct recipe recipe;
        struct job *job = &r->jobs[r->count];
        job->archive = paths[i];
        job->name = case_name(r->arena, paths[i]);
        if (!wanted(filter, job->name))
            continue;
        struct arena *arena = arena_new();
        const char *wrong = recipe_read(arena, paths[i], &recipe);
        job->weight_bytes = recipe.weight_bytes;
        if (wrong != NULL)
            fprintf(stderr, "topologies: %s\n", wrong);
        arena_free(arena);
        if (wrong != NULL)
            return false;
        r->count++;
    }
    qsort(r->jobs, r->count, sizeof(struct job), by_size);
    return true;
}

// --- running ------------------------------------------------------------------------------------

static uint64_t available_memory(void) {
    char line[256];
    uint64_t kilobytes = 4 << 20;
    FILE *f = fopen("/proc/meminfo", "r");
    while (f != NULL && fgets(line, sizeof(line), f) != NULL)
        if (strncmp(line, "MemAvailable:", 13) == 0)
            kilobytes = strtoull(line + 13, NULL, 10);
    if (f != NULL)
        fclose(f);
    return kilobytes * 1024;
}

// The runtime keeps the weights twice, once packed for the machine, and its buffers beside them.
static uint64_t needed_memory(const struct job *job) {
    return 3 * job->weight_bytes + (512 << 20);
}

static bool start(struct runner *r, struct job *job) {
    int ends[2];
    if (pipe(ends) != 0)
        return false;
    fflush(NULL);
    job->pid = fork();
    if (job->pid == 0) {
        struct trial_result result;
        close(ends[0]);
        trial_run(&r->setting, job->name, job->archive, &result);
        const char *from = (const char *)&result;
        size_t left = sizeof(result);
        while (left > 0) {
            ssize_t n = write(ends[1], from, left);
            if (n <= 0)
                _exit(1);
            from += n;
            left -= (size_t)n;
        }
        _exit(0);
    }
    close(ends[1]);
    job->result = ends[0];
    return job->pid > 0;
}

static bool receive(const struct job *job, struct trial_result *out) {
    char *to = (char *)out;
    size_t have = 0;
    ssize_t n;
    while (have < sizeof(*out) && (n = read(job->result, to + have, sizeof(*out) - have)) > 0)
        have += (size_t)n;
    close(job->result);
    return have == sizeof(*out);
}

static void number(char *text, size_t size, double value) {
    if (value < 0)
        snprintf(text, size, "-");
    else
        snprintf(text, size, "%.1e", value);
}

static void print_row(const struct trial_result *t) {
    char fp32[16], fp16[16], v4[32];
    number(fp32, sizeof(fp32), t->difference[0]);
    number(fp16, sizeof(fp16), t->difference[1]);
    if (t->no_peer)
        snprintf(v4, sizeof(v4), "no peer");
    else
        snprintf(v4, sizeof(v4), "%u/%u", t->alike / 2, t->layers / 2);
    printf("%-6s  %-34s %7.1f %8.3f %6.1f  %8s %8s  %9s %4u %7.1f\n",
           t->problem_count > 0 ? "FAILED" : "ok", t->name, (double)t->weight_bytes / 1e6,
           t->convert_seconds, (double)t->peak_anonymous / 1e6, fp32, fp16, v4, t->justified / 2,
           t->seconds);
    for (unsigned i = 0; i < t->problem_count && i < TRIAL_PROBLEMS; i++)
        printf("        %s\n", t->problems[i]);
    if (t->problem_count > TRIAL_PROBLEMS)
        printf("        ... and %u more\n", t->problem_count - TRIAL_PROBLEMS);
    fflush(stdout);
}

static void finish(struct runner *r, struct job *job) {
    struct trial_result *t = r->done;
    if (!receive(job, t)) {
        *t =
            (struct trial_result){.problem_count = 1, .problems = {"the trial itself ended early"}};
        snprintf(t->name, sizeof(t->name), "%s", job->name);
    }
    int status;
    waitpid(job->pid, &status, 0);
    print_row(t);
    r->passed += t->problem_count == 0;
    r->failed += t->problem_count > 0;
    for (size_t i = 0; i < r->setting.differences->count && i < sizeof(t->rule_used); i++)
        r->setting.differences->items[i].uses += t->rule_used[i];
}

// The next job that fits into the memory left; a job too large for all of it runs alone.
static struct job *next_job(struct runner *r, uint64_t used, unsigned running) {
    for (size_t i = 0; i < r->count; i++) {
        struct job *job = &r->jobs[i];
        if (job->pid == 0 && (running == 0 || used + needed_memory(job) <= r->memory))
            return job;
    }
    return NULL;
}

static struct job *ended_job(struct runner *r) {
    siginfo_t info = {.si_pid = 0};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | WNOHANG) != 0 || info.si_pid == 0)
        return NULL;
    for (size_t i = 0; i < r->count; i++)
        if (r->jobs[i].pid == info.si_pid)
            return &r->jobs[i];
    return NULL;
}

static void run_all(struct runner *r) {
    uint64_t used = 0;
    unsigned running = 0;
    size_t finished = 0;
    while (finished < r->count) {
        struct job *job = running < r->parallel ? next_job(r, used, running) : NULL;
        if (job != NULL && start(r, job)) {
            used += needed_memory(job);
            running++;
            continue;
        }
        job = ended_job(r);
        if (job == NULL) {
            usleep(20000);
            continue;
        }
        finish(r, job);
        used -= needed_memory(job);
        running--;
        finished++;
    }
}

// ------------------------------------------------------------------------------------------------

// A rule that nothing needs any more hides the next real difference.
static void check_rules(struct runner *r, const char *filter) {
    const struct rules *rules = r->setting.differences;
    for (size_t i = 0; i < rules->count && filter == NULL; i++)
        if (rules->items[i].uses == 0) {
            printf("FAILED  differences.tsv:%u is needed by no case\n", rules->items[i].line);
            r->failed++;
        }
}

static bool read_tables(struct runner *r, const char *folder) {
    const struct {
        const char *file;
        unsigned columns;
        struct rules **to;
    } tables[] = {{"tolerances.tsv", 6, &r->setting.tolerances},
                  {"differences.tsv", 5, &r->setting.differences},
                  {"transposes.tsv", 3, &r->setting.transposes}};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        *tables[i].to = arena_new_of(r->arena, struct rules);
        const char *path = arena_printf(r->arena, "%s/%s", folder, tables[i].file);
        const char *wrong = rules_read(r->arena, path, tables[i].columns, *tables[i].to);
        if (wrong != NULL) {
            fprintf(stderr, "topologies: %s\n", wrong);
            return false;
        }
    }
    return true;
}

struct words { // of the command line
    const char *filter, *tables;
};

static bool read_words(struct runner *r, int argc, char **argv, struct words *out) {
    static const struct option options[] = {
        {"zooc", required_argument, NULL, 'z'},   {"folder", required_argument, NULL, 'd'},
        {"tables", required_argument, NULL, 't'}, {"extensions", required_argument, NULL, 'e'},
        {"filter", required_argument, NULL, 'f'}, {"jobs", required_argument, NULL, 'j'},
        {"keep", no_argument, NULL, 'k'},         {NULL, 0, NULL, 0}};
    const char *jobs = NULL;
    const char **const texts[] = {
        ['z'] = &r->setting.zooc, ['d'] = &r->setting.folder, ['e'] = &r->setting.extensions,
        ['t'] = &out->tables,     ['f'] = &out->filter,       ['j'] = &jobs};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == '?')
            return false;
        if (option == 'k')
            r->setting.keep = true;
        else
            *texts[option] = optarg;
    }
    if (jobs != NULL)
        r->parallel = (unsigned)strtoul(jobs, NULL, 10);
    return r->setting.zooc != NULL && r->setting.folder != NULL && out->tables != NULL &&
           r->parallel > 0;
}

static void print_heads(void) {
    printf("        %-34s %7s %8s %6s  %8s %8s  %9s %4s %7s\n", "case", "weights", "convert",
           "anon", "v11 FP32", "v11 FP16", "v4 alike", "why", "total");
    printf("        %-34s %7s %8s %6s  %8s %8s  %9s %4s %7s\n", "", "MB", "s", "MB", "relative",
           "relative", "layers", "", "s");
}

int main(int argc, char **argv) {
    struct runner r = {.arena = arena_new(), .parallel = (unsigned)sysconf(_SC_NPROCESSORS_ONLN)};
    struct words words = {.filter = NULL};
    unsigned cores = r.parallel;
    if (!read_words(&r, argc, argv, &words)) {
        fputs(usage, stderr);
        return 2;
    }
    r.setting.memory_limit = 200000000;
    r.setting.threads = cores > r.parallel ? cores / r.parallel : 1;
    r.memory = available_memory() / 4 * 3;
    r.done = arena_new_of(r.arena, struct trial_result);
    if (mkdir(r.setting.folder, 0777) != 0 && errno != EEXIST) {
        perror(r.setting.folder);
        return 2;
    }
    if (!read_tables(&r, words.tables) ||
        !add_cases(&r, argv + optind, argc - optind, words.filter))
        return 2;
    print_heads();
    run_all(&r);
    check_rules(&r, words.filter);
    printf("%u passed, %u failed\n", r.passed, r.failed);
    bool good = r.failed == 0 && r.passed > 0;
    arena_free(r.arena);
    return good ? 0 : 1;
}
