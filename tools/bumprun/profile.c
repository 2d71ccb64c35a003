// SPDX-License-Identifier: MIT
// bumprun profile: takes a heap profile of a live process, and shows profiles as tables, folded
// stacks and flame graphs.
#define _GNU_SOURCE
#include "bumprun.h"
#include "core/options.h"
#include "flame.h"
#include "heap_profile.h"
#include "target.h"
#include "thread/outside.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: bumprun profile [options] PID        where a live process allocates, and what it "
    "holds\n"
    "       bumprun profile [options] FILE       a profile that was written before\n"
    "\n"
    "A process that was started with BUMPALLOC_PROFILE (bumprun --profile FILE) is sampled from "
    "the\n"
    "start; any other for so many seconds. Without an option that says what to make of it, the\n"
    "largest sites are printed.\n"
    "\n"
    "  --seconds N      how long a live process is sampled (10)\n"
    "  --rate BYTES     one sample in so many allocated bytes, on average (524288)\n"
    "  --output FILE    keep the profile, in the format of pprof: go tool pprof FILE\n"
    "  --type TYPE      inuse_space (default), alloc_space, peak_space, or ..._objects\n"
    "  --top N          print the N largest sites (20)\n"
    "  --folded FILE    stacks in a line each, for flame graph tools; - is stdout\n"
    "  --svg FILE       a flame graph; a page if FILE ends in .html\n"
    "  --help           this text\n";

struct request {
    const char *what; // PID or FILE
    const char *type, *output, *folded, *svg;
    long top, rate;
    double seconds;
};

// --- tables ---

struct site {
    const struct profile_stack *stack;
    int64_t value;
};

static int by_value(const void *a, const void *b)
{
    const struct site *left = a, *right = b;
    return left->value > right->value ? -1 : left->value < right->value;
}

static void site_print(struct heap_profile *profile, const struct site *site, int64_t total,
                       bool bytes)
{
    enum { SHOWN = 12 };
    double value = (double)site->value;
    if (bytes)
        printf("%8s", human_bytes(value).text);
    else
        printf("%8.0f", value);
    printf(" %5.1f%%", 100 * value / (double)(total ? total : 1));
    for (uint32_t i = 0; i < site->stack->depth && i < SHOWN; i++)
        printf("%s%s\n", i ? "                " : "  ",
               heap_profile_name(profile, site->stack->address[i]));
}

static void top_print(struct heap_profile *profile, int type, const char *type_name, long top)
{
    struct site *sites = allocate((profile->stack_count + 1) * sizeof(*sites));
    int64_t total = 0;
    for (size_t i = 0; i < profile->stack_count; i++) {
        sites[i] = (struct site){&profile->stacks[i], profile->stacks[i].value[type]};
        total += sites[i].value;
    }
    qsort(sites, profile->stack_count, sizeof(*sites), by_value);
    bool bytes = strstr(type_name, "space") != NULL;
    printf("%s: %s%s, by estimate from samples\n", type_name,
           bytes ? human_bytes((double)total).text : "", bytes ? "" : "objects");
    for (size_t i = 0; i < profile->stack_count && (long)i < top && sites[i].value > 0; i++)
        site_print(profile, &sites[i], total, bytes);
    free(sites);
}

// "main;caller;site bytes"
static void folded_print(struct heap_profile *profile, int type, const char *path)
{
    FILE *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    if (!out)
        die(EXIT_FAILED, "%s: %s", path, strerror(errno));
    for (size_t i = 0; i < profile->stack_count; i++) {
        const struct profile_stack *stack = &profile->stacks[i];
        if (!stack->value[type])
            continue;
        for (uint32_t at = stack->depth; at > 0; at--)
            fprintf(out, "%s%s", heap_profile_name(profile, stack->address[at - 1]),
                    at > 1 ? ";" : "");
        fprintf(out, " %lld\n", (long long)stack->value[type]);
    }
    int failed = ferror(out);
    if ((out != stdout && fclose(out)) || failed)
        die(EXIT_FAILED, "%s: cannot be written", path);
}

static void show(const struct request *request, const char *path)
{
    struct heap_profile profile;
    char title[512];
    heap_profile_read(path, &profile);
    int type = heap_profile_type(&profile, request->type);
    if (type < 0)
        die(EXIT_USAGE, "profile: --type %s? (bumprun profile --help)", request->type);
    snprintf(title, sizeof(title), "Heap profile of %s: %s", request->what, request->type);
    if (request->folded)
        folded_print(&profile, type, request->folded);
    if (request->svg)
        flame_draw(&profile, type, request->svg, title);
    if (request->top >= 0 || (!request->folded && !request->svg && !request->output))
        top_print(&profile, type, request->type, request->top < 0 ? 20 : request->top);
}

// --- a live process ---

// If it comes too late, sampling that we began ends with the next slow call, or does not begin.
static void ask(const struct target *target, const char *argument, bool began)
{
    enum { PATIENCE_SECONDS = 10 };
    if (target_ask(target, BP_OUTSIDE_PROFILE, argument, PATIENCE_SECONDS))
        return;
    if (began)
        target_ask(target, BP_OUTSIDE_PROFILE, "stop", 0);
    die(EXIT_PENDING, "process %d has made no slow call of malloc or free within %d seconds",
        (int)target->pid, PATIENCE_SECONDS);
}

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
    interrupted = signal_number;
}

static bool is_profiled(const struct target *target)
{
    struct snapshot snapshot = {0};
    if (!snapshot_take(target, &snapshot, false))
        die(EXIT_FAILED, "process %d has ended", (int)target->pid);
    const struct bp_options *options = snapshot.part[BP_PART_OPTIONS];
    char name[5] = "none";
    target_read(target, (uintptr_t)options->profile, name, sizeof(name) - 1);
    bool profiled = options->leaks || strcmp(name, "none") != 0;
    snapshot_free(&snapshot);
    return profiled;
}

// Whoever has seen enough may interrupt it: the process is not left being sampled.
static void wait_seconds(double seconds)
{
    struct sigaction action = {.sa_handler = interrupt};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    struct timespec left = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (!interrupted && nanosleep(&left, &left) && errno == EINTR)
        continue;
}

// It is replaced, which would be the end of a device.
static void regular_or_new(const char *path)
{
    struct stat status;
    if (!lstat(path, &status) && !S_ISREG(status.st_mode))
        die(EXIT_USAGE, "%s: not a regular file", path);
}

// The process writes the file itself, so it has to be a name that means the same there. False: it
// is not of the process's whole life.
static bool profile_take(const struct request *request, const char *path)
{
    struct target target;
    char argument[sizeof(((struct bp_outside *)NULL)->argument)];
    target_find(request->what, &target);
    regular_or_new(path);
    if (strlen(path) + sizeof("write ") > sizeof(argument))
        die(EXIT_FAILED, "%s: too long a name", path);
    bool from_start = is_profiled(&target);
    if (!from_start) {
        snprintf(argument, sizeof(argument), "start %ld", request->rate);
        ask(&target, argument, true);
        wait_seconds(request->seconds);
    }
    snprintf(argument, sizeof(argument), "write %s", path);
    unlink(path);
    ask(&target, argument, !from_start);
    if (!from_start)
        ask(&target, "stop", true);
    if (access(path, R_OK))
        die(EXIT_FAILED, "process %s could not write %s", request->what, path);
    return from_start;
}

static int profile_live(const struct request *request)
{
    char place[PATH_MAX], folder[PATH_MAX];
    if (!request->output)
        snprintf(place, sizeof(place), "/tmp/bumprun-%d-%s.pb.gz", (int)getpid(), request->what);
    else if (request->output[0] == '/')
        snprintf(place, sizeof(place), "%s", request->output);
    else if (!getcwd(folder, sizeof(folder)) ||
             snprintf(place, sizeof(place), "%s/%s", folder, request->output) >= PATH_MAX)
        die(EXIT_FAILED, "%s: too long a name", request->output);
    if (!profile_take(request, place))
        say("objects from before these %g seconds are not in it: start a program with bumprun "
            "--profile FILE to know all of them",
            request->seconds);
    show(request, place);
    if (!request->output)
        unlink(place);
    return EXIT_DONE;
}

// --- arguments ---

static bool is_number(const char *text)
{
    return text[strspn(text, "0123456789")] == 0 && access(text, F_OK) != 0;
}

static bool take_flag(int argc, char **argv, int *at, struct request *request)
{
    const char *value;
    if ((value = flag_value(argc, argv, at, "--seconds")))
        request->seconds = seconds_of(value, "--seconds");
    else if ((value = flag_value(argc, argv, at, "--rate")))
        request->rate = number_of(value, "--rate", 1, LONG_MAX);
    else if ((value = flag_value(argc, argv, at, "--top")))
        request->top = number_of(value, "--top", 0, LONG_MAX);
    else if ((value = flag_value(argc, argv, at, "--output")))
        request->output = value;
    else if ((value = flag_value(argc, argv, at, "--type")))
        request->type = value;
    else if ((value = flag_value(argc, argv, at, "--folded")))
        request->folded = value;
    else if ((value = flag_value(argc, argv, at, "--svg")))
        request->svg = value;
    return value != NULL;
}

int profile_main(int argc, char **argv)
{
    struct request request = {.type = "inuse_space", .top = -1, .rate = 512 << 10, .seconds = 10};
    for (int at = 1; at < argc; at++) {
        if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0)
            return fputs(usage, stdout) < 0;
        if (take_flag(argc, argv, &at, &request))
            continue;
        if (request.what || argv[at][0] == '-')
            die(EXIT_USAGE, "profile: %s? (bumprun profile --help)", argv[at]);
        request.what = argv[at];
    }
    if (!request.what)
        die(EXIT_USAGE, "profile: no PID or FILE (bumprun profile --help)");
    if (is_number(request.what))
        return profile_live(&request);
    show(&request, request.what);
    return EXIT_DONE;
}
