// SPDX-License-Identifier: MIT
// bumprun stat PID: what a process's resident memory is, as a table that renews itself. The parts
// add up to RSS: free memory by what the library knows, the rest by what the kernel counts.
#define _GNU_SOURCE
#include "bumprun.h"

#include "target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: bumprun stat [--interval SECONDS] [--count N] [--once] PID\n"
    "\n"
    "What holds the memory of a process that runs under libbumpalloc, and why RSS is more than\n"
    "what the program holds: renewed every second on a terminal, once elsewhere. The process is\n"
    "not stopped.\n"
    "\n"
    "  --interval SECONDS    renew so often (default: 1)\n"
    "  --count N             so many times, then end\n"
    "  --once                as --count 1\n";

struct row {
    size_t size, objects, used_bytes, free_bytes;
};

enum { ROWS_MAX = BP_CLASS_COUNT + BP_REGION_COUNT, ROWS_SHOWN = 12 };

// --- where RSS is ---

static void line(double n_bytes, double total, const char *what, const char *meaning)
{
    int bar = total > 0 && n_bytes > 0 ? (int)(n_bytes / total * 20 + 0.5) : 0;
    printf("  %-14s%9s  %-21.*s%s\n", what, human_bytes(n_bytes).text, bar > 20 ? 20 : bar,
           "####################", meaning);
}

static double at_least_zero(double value)
{
    return value > 0 ? value : 0;
}

// Free objects of spans that are in no cache; what was given back of them is not resident.
static double fragments_of(const struct bp_stats *stats)
{
    double free_bytes = (double)stats->free_bytes - (double)stats->dirty_bytes;
    return at_least_zero(free_bytes - (double)stats->cached_bytes - (double)stats->clean_bytes);
}

static void parts(const struct bp_stats *stats, const struct resident *resident)
{
    double total = (double)resident->process_bytes;
    double ours = (double)resident->reservation_bytes;
    double others = total - ours - (double)stats->direct_bytes;
    double known = (double)resident->meta_bytes + (double)stats->dirty_bytes +
                   (double)stats->cached_bytes + fragments_of(stats);
    double held = at_least_zero(ours - known) + (double)stats->direct_bytes;
    printf("RSS             %9s  of which\n", human_bytes(total).text);
    line(held, total, "in use", "touched by objects that the program holds");
    line(fragments_of(stats), total, "fragments", "free objects between used ones");
    line((double)stats->cached_bytes, total, "caches", "free objects that threads keep at hand");
    line((double)stats->dirty_bytes, total, "dirty", "free, kept for the next need");
    line((double)resident->meta_bytes, total, "records", "the allocator's own");
    line(at_least_zero(others), total, "not malloc", "program, libraries, stacks, files");
}

static void budget_line(const struct bp_stats *stats)
{
    const struct bp_purge_stats *purge = &stats->purge;
    printf("budget of dirty memory %s", purge->budget_bytes == SIZE_MAX
                                            ? "none"
                                            : human_bytes((double)purge->budget_bytes).text);
    printf(" (%s of it regret), purged %s in %zu calls",
           human_bytes((double)purge->regret_bytes).text,
           human_bytes((double)purge->purged_bytes).text, purge->purges);
    if (purge->limit_bytes != SIZE_MAX)
        printf(", limit %s", human_bytes((double)purge->limit_bytes).text);
    printf("\n");
}

// --- by class ---

static int by_bytes(const void *left, const void *right)
{
    const struct row *a = left, *b = right;
    size_t sum_a = a->used_bytes + a->free_bytes, sum_b = b->used_bytes + b->free_bytes;
    return sum_a < sum_b ? 1 : sum_a > sum_b ? -1 : 0;
}

static unsigned rows_fill(const struct bp_stats *stats, struct row rows[ROWS_MAX])
{
    unsigned count = 0;
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        const struct bp_class_stats *of = &stats->of_class[i];
        rows[count++] =
            (struct row){of->object_bytes, of->used_objects, of->used_objects * of->object_bytes,
                         of->free_objects * of->object_bytes};
    }
    for (unsigned i = 0; i < BP_REGION_COUNT; i++) {
        const struct bp_region_stats *of = &stats->of_region[i];
        rows[count++] = (struct row){of->slot_bytes, of->used_slots, of->used_bytes,
                                     of->cached_bytes + of->dirty_bytes};
    }
    qsort(rows, count, sizeof(rows[0]), by_bytes);
    return count;
}

static void classes(const struct bp_stats *stats, unsigned shown)
{
    struct row rows[ROWS_MAX];
    unsigned count = rows_fill(stats, rows);
    printf("\n%12s %12s %9s %9s %6s\n", "objects up to", "in use", "bytes", "free", "free");
    for (unsigned i = 0; i < count && i < shown; i++) {
        size_t all = rows[i].used_bytes + rows[i].free_bytes;
        if (!all)
            break;
        printf("%13s %12zu %9s %9s %5.0f%%\n", human_bytes((double)rows[i].size).text,
               rows[i].objects, human_bytes((double)rows[i].used_bytes).text,
               human_bytes((double)rows[i].free_bytes).text,
               100.0 * (double)rows[i].free_bytes / (double)all);
    }
    if (stats->direct_count)
        printf("%13s %12zu %9s\n", "own mappings", stats->direct_count,
               human_bytes((double)stats->direct_bytes).text);
}

// --- the table ---

static void head(const struct target *target, const struct bp_stats *stats)
{
    char clock[16];
    time_t now = time(NULL);
    strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&now));
    printf("%s  process %d  %s%s\n", target->name, (int)target->pid, clock,
           stats->moving ? "  (allocating: sums may not agree)" : "");
    printf("live %s in objects, most that was ever in use %s, %zu thread heaps\n",
           human_bytes((double)stats->used_bytes).text,
           human_bytes((double)stats->peak_used_bytes).text, stats->heaps);
}

// What has changed since the last look.
static void rates(const struct bp_stats *stats, const struct bp_stats *before, double seconds)
{
    size_t refills = 0, was = 0;
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        refills += stats->of_class[i].refills + stats->of_class[i].flushes;
        was += before->of_class[i].refills + before->of_class[i].flushes;
    }
    printf(
        "a second: %.0f magazines, %s purged, %s faulted again", (double)(refills - was) / seconds,
        human_bytes((double)(stats->purge.purged_bytes - before->purge.purged_bytes) / seconds)
            .text,
        human_bytes((double)(stats->purge.faulted_again_bytes - before->purge.faulted_again_bytes) /
                    seconds)
            .text);
    if (stats->allocations)
        printf(", %.0f allocations", (double)(stats->allocations - before->allocations) / seconds);
    printf("\n");
}

static unsigned rows_that_fit(void)
{
    struct winsize size;
    bool known = isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
    int room = known ? size.ws_row - 14 : ROWS_SHOWN;
    return room < 3 ? 3 : (unsigned)room;
}

static bool show(const struct target *target, struct snapshot *snapshot, double interval)
{
    static struct bp_stats stats, before;
    static bool again;
    struct resident resident;
    if (!snapshot_take(target, snapshot, false) || !target_resident(target, snapshot, &resident))
        return false;
    snapshot_stats(snapshot, &stats);
    if (again && isatty(STDOUT_FILENO))
        fputs("\033[H\033[J", stdout);
    head(target, &stats);
    parts(&stats, &resident);
    budget_line(&stats);
    if (again)
        rates(&stats, &before, interval);
    classes(&stats, rows_that_fit());
    before = stats;
    again = true;
    return true;
}

static void wait_for(double seconds)
{
    struct timespec pause = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&pause, NULL);
}

static int watch(const char *pid, double interval, long count)
{
    struct snapshot snapshot = {0};
    struct target target;
    target_find(pid, &target);
    if (count != 1 && isatty(STDOUT_FILENO))
        fputs("\033[H\033[J", stdout);
    for (long i = 0; count == 0 || i < count; i++) {
        if (i)
            wait_for(interval);
        if (!show(&target, &snapshot, interval > 0.001 ? interval : 0.001)) {
            say("process %s has ended", pid);
            return i ? EXIT_DONE : EXIT_FAILED;
        }
        if (fflush(stdout))
            break;
    }
    snapshot_free(&snapshot);
    return EXIT_DONE;
}

int stat_main(int argc, char **argv)
{
    const char *pid = NULL, *value;
    long count = isatty(STDOUT_FILENO) ? 0 : 1;
    double interval = 1;
    for (int at = 1; at < argc; at++) {
        if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0)
            return fputs(usage, stdout) < 0;
        if ((value = flag_value(argc, argv, &at, "--interval")))
            interval = seconds_of(value, "--interval");
        else if ((value = flag_value(argc, argv, &at, "--count")))
            count = number_of(value, "--count", 1, 1 << 30);
        else if (strcmp(argv[at], "--once") == 0)
            count = 1;
        else if (!pid && argv[at][0] != '-')
            pid = argv[at];
        else
            die(EXIT_USAGE, "stat: %s? (bumprun stat --help)", argv[at]);
    }
    if (!pid)
        die(EXIT_USAGE, "stat: no PID (bumprun stat --help)");
    return watch(pid, interval, count);
}
