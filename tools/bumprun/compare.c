// SPDX-License-Identifier: MIT
// bumprun compare PROGRAM ARGS: does it help? Every allocator runs the program in every round, in
// turn and each round beginning with another, so that what the machine does meanwhile hits all.
#define _GNU_SOURCE
#include "compare.h"

#include "bumprun.h"
#include "chart.h"
#include "library.h"
#include "options.h"
#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: bumprun compare [options] PROGRAM [ARGS...]\n"
    "\n"
    "Runs the program under the system's malloc, libbumpalloc and each other allocator that is\n"
    "installed, in turn, and prints medians with ratios to the first. Time is from start to end;\n"
    "processor time, memory and page faults include children that were waited for (memory: the\n"
    "largest of them).\n"
    "\n"
    "  --rounds N          rounds that count, after one to warm up (default: 5)\n"
    "  --only A,B,...      these allocators alone; the first is what others are compared with\n"
    "  --with NAME=PATH    another allocator's library\n"
    "  --input FILE        the program's standard input (default: /dev/null)\n"
    "  --output            show what the program prints\n"
    "  --json              the figures as JSON\n"
    "  --svg FILE          a chart of memory over time, from one more run each that is watched; a\n"
    "                      page if FILE ends in .html\n"
    "  --library PATH      the library to preload, instead of the one beside bumprun\n"
    "  --force             compare a program, too, that will not call the library\n"
    "  --NAME[=VALUE]      an option of libbumpalloc (bumprun --help), which others ignore\n";

struct request {
    const char *library, *only, *svg, *with[PEERS_MAX];
    unsigned with_count, rounds;
    int forced;
    bool json;
    struct job job;
};

// --- figures ---

static double *column(const struct comparison *it, unsigned peer, enum figure figure)
{
    static double values[ROUNDS_MAX];
    for (unsigned round = 0; round < it->rounds; round++)
        values[round] = it->runs[peer * it->rounds + round].figure[figure];
    return values;
}

double comparison_median(const struct comparison *it, unsigned peer, enum figure figure)
{
    return median_of(column(it, peer, figure), it->rounds);
}

double comparison_noise(const struct comparison *it, unsigned peer, enum figure figure)
{
    return noise_of(column(it, peer, figure), it->rounds);
}

static double ratio(const struct comparison *it, unsigned peer, enum figure figure)
{
    double first = comparison_median(it, 0, figure);
    return first > 0 ? comparison_median(it, peer, figure) / first : 1;
}

// --- output ---

static void table_row(const struct comparison *it, unsigned peer)
{
    double seconds = comparison_median(it, peer, FIGURE_SECONDS);
    double cpu = comparison_median(it, peer, FIGURE_CPU_SECONDS);
    double bytes = comparison_median(it, peer, FIGURE_PEAK_BYTES);
    double faults = comparison_median(it, peer, FIGURE_FAULTS);
    printf("%-12s %9.3f %5.2f ±%3.0f%% %9.3f %5.2f %9s %5.2f %10.0f %5.2f\n",
           it->peers.at[peer].name, seconds, ratio(it, peer, FIGURE_SECONDS),
           100 * comparison_noise(it, peer, FIGURE_SECONDS), cpu,
           ratio(it, peer, FIGURE_CPU_SECONDS), human_bytes(bytes).text,
           ratio(it, peer, FIGURE_PEAK_BYTES), faults, ratio(it, peer, FIGURE_FAULTS));
}

static void table(const struct comparison *it)
{
    printf("%-12s %9s %5s %5s %9s %5s %9s %5s %10s %5s\n", "", "time s", "", "", "CPU s", "",
           "peak RSS", "", "faults", "");
    for (unsigned peer = 0; peer < it->peers.count; peer++)
        table_row(it, peer);
}

static int peer_index(const struct comparison *it, const char *name)
{
    for (unsigned i = 0; i < it->peers.count; i++) {
        if (strcmp(it->peers.at[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

// How a ratio reads, given what is noise: "19% less".
static void tell(const char *what, double ratio_to_first, double noise)
{
    double difference = 100 * (ratio_to_first - 1);
    double size = difference < 0 ? -difference : difference;
    if (size < 100 * noise || size < 1)
        printf("%s: no difference beyond noise", what);
    else
        printf("%s: %.0f%% %s", what, size, difference < 0 ? "less" : "more");
}

static void verdict(const struct comparison *it)
{
    int ours = peer_index(it, "bumpalloc");
    if (ours <= 0)
        return;
    unsigned peer = (unsigned)ours;
    double noise = comparison_noise(it, peer, FIGURE_CPU_SECONDS) +
                   comparison_noise(it, 0, FIGURE_CPU_SECONDS);
    double memory_noise =
        comparison_noise(it, peer, FIGURE_PEAK_BYTES) + comparison_noise(it, 0, FIGURE_PEAK_BYTES);
    printf("\nlibbumpalloc against %s: ", it->peers.at[0].name);
    tell("processor time", ratio(it, peer, FIGURE_CPU_SECONDS), noise);
    printf("; ");
    tell("memory", ratio(it, peer, FIGURE_PEAK_BYTES), memory_noise);
    printf(" (%u rounds)\n", it->rounds);
}

static void json(const struct comparison *it)
{
    static const char *const names[] = {"seconds", "cpu_seconds", "peak_bytes", "faults"};
    printf("{\"rounds\":%u,\"allocators\":[", it->rounds);
    for (unsigned peer = 0; peer < it->peers.count; peer++) {
        printf("%s\n{\"name\":\"%s\",\"status\":%d", peer ? "," : "", it->peers.at[peer].name,
               it->runs[peer * it->rounds].status);
        for (unsigned i = 0; i < FIGURE_COUNT; i++)
            printf(",\"%s\":%.6f,\"%s_ratio\":%.4f", names[i],
                   comparison_median(it, peer, (enum figure)i), names[i],
                   ratio(it, peer, (enum figure)i));
        printf("}");
    }
    printf("]}\n");
}

// Statuses that differ between allocators are worth more than any figure.
static int check_statuses(const struct comparison *it)
{
    int expected = it->runs[0].status, result = EXIT_DONE;
    if (expected)
        say("under %s the program ends with status %d", it->peers.at[0].name, expected);
    for (unsigned i = 0; i < it->peers.count * it->rounds; i++) {
        if (it->runs[i].status == expected)
            continue;
        say("under %s it ended with status %d, not %d", it->peers.at[i / it->rounds].name,
            it->runs[i].status, expected);
        result = EXIT_FAILED;
    }
    return result;
}

// --- rounds ---

static void progress(const struct comparison *it, unsigned round, unsigned peer)
{
    if (!isatty(STDERR_FILENO))
        return;
    if (peer == it->peers.count)
        fprintf(stderr, "\r\033[K");
    else
        fprintf(stderr, "\r\033[Kround %u of %u: %s", round, it->rounds, it->peers.at[peer].name);
}

static void run_all(struct comparison *it, const struct job *job)
{
    unsigned count = it->peers.count;
    it->runs = allocate((size_t)count * it->rounds * sizeof(it->runs[0]));
    for (unsigned round = 0; round <= it->rounds; round++) {
        for (unsigned i = 0; i < count; i++) {
            unsigned peer = (round + i) % count;
            progress(it, round, peer);
            struct measurement run = measure(job, it->peers.at[peer].path, NULL);
            if (round) // the first one warms up
                it->runs[peer * it->rounds + round - 1] = run;
        }
    }
    progress(it, 0, count);
}

// Watching takes processor time, so these runs are not among the figures.
static void chart(const struct comparison *it, const struct request *request)
{
    struct timeline *lines[PEERS_MAX];
    char title[256];
    for (unsigned i = 0; i < it->peers.count; i++) {
        lines[i] = timeline_make();
        measure(&request->job, it->peers.at[i].path, lines[i]);
    }
    snprintf(title, sizeof(title), "Memory of %s over time", request->job.argv[0]);
    chart_draw(it, lines, request->svg, title);
    for (unsigned i = 0; i < it->peers.count; i++)
        timeline_free(lines[i]);
}

// --- the command line ---

static bool take_flag(int argc, char **argv, int *at, struct request *request)
{
    const char *value;
    if (strcmp(argv[*at], "--force") == 0)
        request->forced = 1;
    else if (strcmp(argv[*at], "--json") == 0)
        request->json = true;
    else if (strcmp(argv[*at], "--output") == 0)
        request->job.show_output = true;
    else if ((value = flag_value(argc, argv, at, "--rounds")))
        request->rounds = (unsigned)number_of(value, "--rounds", 1, ROUNDS_MAX);
    else if ((value = flag_value(argc, argv, at, "--only")))
        request->only = value;
    else if ((value = flag_value(argc, argv, at, "--input")))
        request->job.input = value;
    else if ((value = flag_value(argc, argv, at, "--library")))
        request->library = value;
    else if ((value = flag_value(argc, argv, at, "--svg")))
        request->svg = value;
    else if (request->with_count < PEERS_MAX && (value = flag_value(argc, argv, at, "--with")))
        request->with[request->with_count++] = value;
    else
        return options_take(argc, argv, at);
    return true;
}

static int compare(const struct request *request)
{
    struct comparison it = {.rounds = request->rounds};
    char library[PATH_MAX];
    library_find(request->library, library);
    peers_find(&it.peers, library);
    for (unsigned i = 0; i < request->with_count; i++)
        peers_add(&it.peers, request->with[i]);
    if (request->only)
        peers_keep(&it.peers, request->only);
    run_all(&it, &request->job);
    if (request->json) {
        json(&it);
    } else {
        table(&it);
        verdict(&it);
    }
    if (request->svg)
        chart(&it, request);
    int status = check_statuses(&it);
    free(it.runs);
    return status;
}

int compare_main(int argc, char **argv)
{
    struct request request = {.rounds = 5};
    struct program program;
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0)
            return fputs(usage, stdout) < 0;
        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        if (!take_flag(argc, argv, &at, &request))
            die(EXIT_USAGE, "compare: %s? (bumprun compare --help)", argv[at]);
    }
    if (at >= argc)
        die(EXIT_USAGE, "compare: no program (bumprun compare --help)");
    program_look(argv[at], &program);
    program_judge(&program, request.forced);
    request.job.program = program.path;
    request.job.argv = argv + at;
    return compare(&request);
}
