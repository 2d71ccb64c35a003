// SPDX-License-Identifier: MIT
// Fails the n-th OS call, for n = 1, 2, ... until a run is clean: once, and from the n-th on; of
// each kind, and of all; from before the process boots, and later. Each run is a process of its
// own: it runs a script under the fault, and then without: what was there is there, all goes on,
// nothing is lost.
//   fault script [dense]      all runs of a script; dense: every n, however many there are
//   fault --run script start|later kind n once|good
#include "below.h"
#include "blocks.h"
#include "hook.h"
#include "places.h"
#include "scripts.h"
#include "validate.h"

#include "api/stats.h"
#include "core/counters.h"
#include "core/options.h"
#include "guard/guard.h"
#include "region/purge.h"
#include "reserve/reserve.h"
#include "thread/worker.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum {
    RUN_SECONDS = 30,
    RUN_CLEAN = 42, // exit status: nothing failed, in both senses
    RUN_ARGS = 7,
    RUNS_MOST = 5000,
    RUNS_DENSE = 6, // then there are gaps, unless asked otherwise
    FAILED_MOST = 3,
    MAPPED_TRIES = 5,
    DESCRIPTORS = 600, // the library keeps one above 500
};

struct run {
    const struct script *script;
    struct fault fault;
    bool from_start;
};

// --- how a run is told what to do ---

static bool run_parse(int argc, char **argv, struct run *ret_run)
{
    if (argc != RUN_ARGS || strcmp(argv[1], "--run") != 0)
        return false;
    for (int i = 0; i < script_count; i++) {
        if (strcmp(argv[2], scripts[i].name) == 0)
            ret_run->script = &scripts[i];
    }
    ret_run->from_start = strcmp(argv[3], "start") == 0;
    ret_run->fault.kind = atoi(argv[4]);
    ret_run->fault.nth = (unsigned)atoi(argv[5]);
    ret_run->fault.for_good = strcmp(argv[6], "good") == 0;
    return true;
}

static void run_exec(const struct run *run)
{
    char kind[16], nth[16];
    snprintf(kind, sizeof kind, "%d", run->fault.kind);
    snprintf(nth, sizeof nth, "%u", run->fault.nth);
    execl("/proc/self/exe", "fault", "--run", run->script->name,
          run->from_start ? "start" : "later", kind, nth, run->fault.for_good ? "good" : "once",
          (char *)NULL);
    check_print("exec: %s", strerror(errno));
    _exit(CHECK_FAIL);
}

// Before all constructors, the library's own among them.
static void arm_early(int argc, char **argv, char **unused)
{
    struct run run;
    (void)unused;
    if (run_parse(argc, argv, &run) && run.from_start) {
        CHECK(!bp_reservation.n_bytes && !bp_hot.base);
        hook_arm(&run.fault);
    }
}

__attribute__((section(".preinit_array"), used)) static void (*const early)(int, char **,
                                                                            char **) = arm_early;

// --- the books ---

struct books {
    size_t used_bytes;
    size_t committed_bytes;
    size_t mapped_bytes; // all of the process's
    int descriptors;
};

static size_t mapped_bytes(void)
{
    char text[256] = {0};
    int file = open("/proc/self/statm", O_RDONLY);
    REQUIRE(file >= 0 && read(file, text, sizeof text - 1) > 0);
    close(file);
    return strtoul(text, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

static int open_descriptors(void)
{
    int count = 0;
    for (int descriptor = 0; descriptor < DESCRIPTORS; descriptor++)
        count += fcntl(descriptor, F_GETFD) >= 0;
    return count;
}

static size_t used_in_files(const struct bp_stats *stats)
{
    size_t bytes = 0;
    for (unsigned region = 0; region < BP_REGION_COUNT; region++)
        bytes += stats->of_file[region].used_bytes;
    return bytes;
}

// What is in use, and what is committed, when everything that is free has gone back.
static struct books settle(void)
{
    struct bp_stats stats;
    validate();
    blocks_check();
    blocks_free();
    below_flush();
    validate();
    malloc_trim(0);
    bp_purge_decommit();
    validate();
    bp_stats_gather(&stats);
    CHECK_EQ(stats.dirty_bytes, 0);
    return (struct books){stats.used_bytes + used_in_files(&stats) - below_held_bytes(),
                          stats.committed_bytes, mapped_bytes(), open_descriptors()};
}

// Some objects, other ones each time, are sampled or guarded: they have pages of their own.
static bool gives_pages(void)
{
    return bp_options.guard || strcmp(bp_options.profile, "none") != 0;
}

static bool draws_lots(void)
{
    return gives_pages() || below_is_random();
}

// The C library keeps what a thread had, the worker's too.
static bool keeps_memory(const struct script *script)
{
    return script->keeps_memory || bp_options.background;
}

// What waits in the wards of threads that have ended counts as used, and is not known here.
static bool keeps_wards(const struct script *script)
{
    return below_is_random() && script->keeps_memory;
}

// So that no check of a place is one of nothing.
static uint32_t places_left(const struct script *script)
{
    if (!script->leaves || below_is_random() || bp_options.background || bp_options.limit_bytes)
        return 0;
    if (!bp_reservation.n_bytes)
        return 1u << PLACE_OVERFLOW_BLOCK | 1u << PLACE_OVERFLOW_CHAIN | 1u << PLACE_OVERFLOW_FRESH;
    return draws_lots() ? 1u << PLACE_COUNTED : script->leaves;
}

static void check_places(const struct script *script)
{
    places_take_seen();
    validate();
    uint32_t lacking = places_left(script) & ~places_take_seen();
    for (int place = 0; place < PLACE_COUNT; place++)
        CHECK_FMT(!(lacking >> place & 1), "%s leaves nothing in the place \"%s\"", script->name,
                  place_names[place]);
}

static bool started_badly; // calls failed while the process booted: it may lack what it is for

static struct books run_cleanly(const struct script *script)
{
    unsigned before = hook_denials();
    script->run();
    CHECK(script->hits_ceiling || hook_denials() == before);
    hook_disarm();
    hook_hold_worker();
    if (!started_badly)
        check_places(script);
    struct books books = settle();
    hook_release_worker();
    return books;
}

static size_t used_now(void)
{
    struct bp_stats stats;
    bp_stats_gather(&stats);
    return stats.used_bytes - below_held_bytes();
}

// A small object costs what it should, not a mapping or a chunk: the heap works as ever.
static void check_small_cost(void)
{
    size_t least = 1000 * below_place_bytes(16), most = gives_pages() ? 1000 * 1024 : least;
    size_t before = used_now();
    for (int i = 0; i < 1000; i++)
        block_malloc(&blocks[i], 16);
    size_t cost = used_now() - before;
    CHECK_FMT(!bp_reservation.n_bytes || (cost >= least && cost <= most),
              "1000 objects of 16 bytes cost %zu", cost);
    blocks_free();
}

// --- one run ---

static struct books run_armed(const struct run *run)
{
    run->script->run();
    hook_disarm();
    hook_hold_worker();
    struct books books = settle();
    hook_release_worker();
    return books;
}

// Who maps more once has made something for good, a table, a share; who does so each time leaks.
static void check_mapped(const struct run *run, size_t before, size_t after)
{
    for (int tries = 0; after > before && tries < MAPPED_TRIES; tries++) {
        before = after;
        hook_arm(&run->fault);
        after = run_armed(run).mapped_bytes;
    }
    CHECK_FMT(after <= before, "%zu bytes more are mapped with each run", after - before);
}

// Where the system does not take a guard away, nobody may be given what is behind it.
static bool loses_guarded(const struct run *run)
{
    return below_is_random() && (run->fault.kind == BP_OS_GUARD || run->fault.kind == ANY_CALL);
}

static void check_used(const struct run *run, size_t before, size_t after)
{
    bool well = after == before || (loses_guarded(run) && after > before);
    CHECK_FMT(well || keeps_wards(run->script), "used: %zu bytes, then %zu", before, after);
}

// Who cannot tell of a hit guards nothing.
static void check_guards(const struct run *run, unsigned hits)
{
    if (run->from_start && run->fault.kind == BP_OS_TRAP && hits)
        CHECK(bp_options.guard && !bp_guard_is_on());
}

// A hook for forks that was refused is tried again by each further thread.
static void check_fork_hooks(const struct run *run, unsigned hits)
{
    if (run->from_start && run->fault.kind == BP_OS_FORK && hits && run->script->keeps_memory)
        CHECK(hook_seen() > run->fault.nth);
}

// Returns how many calls the fault hit.
static unsigned run_faulty(const struct run *run)
{
    struct books before = {0, 0, 0, 0};
    started_badly = run->from_start;
    if (!run->from_start) {
        if (keeps_memory(run->script))
            run_cleanly(run->script);
        before = run_cleanly(run->script);
        hook_arm(&run->fault);
    }
    struct books after = run_armed(run);
    unsigned hits = hook_hits();
    if (!run->from_start || !keeps_memory(run->script))
        check_used(run, before.used_bytes, after.used_bytes);
    if (!run->from_start && !keeps_memory(run->script))
        check_mapped(run, before.mapped_bytes, after.mapped_bytes);
    if (!run->from_start)
        CHECK_EQ(after.descriptors, before.descriptors);
    check_guards(run, hits);
    check_fork_hooks(run, hits);
    CHECK(below_is_secret());
    return hits;
}

// The same again costs nothing more. At a ceiling the runs differ a little: one more is granted.
static void check_steady(const struct script *script)
{
    struct books first = run_cleanly(script), second = run_cleanly(script);
    CHECK_EQ(second.descriptors, first.descriptors);
    if (script->hits_ceiling && second.committed_bytes > first.committed_bytes) {
        first = second;
        second = run_cleanly(script);
    }
    if (!keeps_wards(script))
        CHECK_EQ(second.used_bytes, first.used_bytes);
    CHECK_FMT(script->races || bp_options.background || draws_lots() ||
                  second.committed_bytes <= first.committed_bytes,
              "committed: %zu, then %zu", first.committed_bytes, second.committed_bytes);
}

static int run_here(const struct run *run)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    alarm(RUN_SECONDS);
    check_begin();
    hook_install();
    unsigned hits = run_faulty(run);
    check_steady(run->script);
    hook_hold_worker();
    check_small_cost();
    CHECK(!bp_options.limit_bytes || !bp_reservation.n_bytes ||
          bp_load_relaxed(&bp_counters.limit_failures) > 0);
    CHECK(!bp_options.background || hook_naps() > 0 ||
          bp_load_u32_relaxed(&bp_worker_state) == BP_WORKER_REFUSED);
    if (check_end() != CHECK_PASS)
        return CHECK_FAIL;
    return hits ? CHECK_PASS : RUN_CLEAN;
}

// --- all runs ---

static int run_elsewhere(const struct run *run)
{
    int status = 0;
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
        run_exec(run);
    while (waitpid(child, &status, 0) < 0)
        REQUIRE(errno == EINTR);
    return status;
}

static bool dense;

static void run_failed(const struct run *run, int status)
{
    check_true(false, __FILE__, __LINE__, "every run to be without failures");
    check_print("  --run %s %s %d %u %s (%s): wait status 0x%x", run->script->name,
                run->from_start ? "start" : "later", run->fault.kind, run->fault.nth,
                run->fault.for_good ? "good" : "once", kind_names[run->fault.kind],
                (unsigned)status);
}

// Gaps between large n, the larger the more a run costs.
static unsigned gap(const struct run *run, unsigned runs)
{
    bool costs =
        run->script->costs || bp_options.background || bp_options.limit_bytes || below_is_random();
    if (dense || runs < RUNS_DENSE)
        return 1;
    return costs && run->fault.nth > runs ? run->fault.nth / 2 : runs / 2;
}

// All n until a run is clean, but for gaps between large ones; how many runs there were.
static unsigned run_all_n(struct run run)
{
    unsigned runs = 0, failed = 0;
    bool clean = false;
    run.fault.nth = 1;
    while (!clean && failed < FAILED_MOST && runs < RUNS_MOST) {
        int status = run_elsewhere(&run);
        clean = WIFEXITED(status) && WEXITSTATUS(status) == RUN_CLEAN;
        if (!clean && status != 0) {
            run_failed(&run, status);
            failed++;
        }
        runs++;
        run.fault.nth += gap(&run, runs);
    }
    CHECK_FMT(clean || failed, "no clean run among %u", runs);
    if (dense)
        check_print("%s, %s %s, %s: %u runs", run.script->name, kind_names[run.fault.kind],
                    run.from_start ? "from the start" : "later",
                    run.fault.for_good ? "for good" : "once", runs);
    return runs;
}

// One call of any kind is one of some kind: only what fails for good differs.
static unsigned run_script(const struct script *script)
{
    unsigned runs = 0;
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        for (int way = kind == ANY_CALL; way < 4; way += 1 + (kind == ANY_CALL))
            runs += run_all_n((struct run){script, {kind, 0, way & 1}, way & 2});
    }
    return runs;
}

int main(int argc, char **argv)
{
    struct run run = {NULL, {0, 0, false}, false};
    unsigned runs = 0;
    if (run_parse(argc, argv, &run)) {
        REQUIRE(run.script != NULL);
        return run_here(&run);
    }
    dense = argc > 2 && strcmp(argv[2], "dense") == 0;
    for (int i = 0; i < script_count; i++) {
        if (argc > 1 && strcmp(argv[1], scripts[i].name) == 0)
            runs += run_script(&scripts[i]);
    }
    CHECK_FMT(runs >= 4 * ANY_CALL, "%u runs", runs);
    return check_end();
}
