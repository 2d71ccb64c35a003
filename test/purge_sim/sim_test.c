// SPDX-License-Identifier: MIT
// What must be true of the model and of the policies, on small traces made here and on every
// recorded one (arguments). Bounds come from the policies' own constants, so that they hold when
// somebody changes those.
#include "check.h"
#include "replay.h"

static struct sim_policies policies;

static const struct sim_policy *named(const char *name)
{
    const struct sim_policy *policy = sim_policy_named(&policies, name);
    if (!policy) {
        check_print("no policy is called %s", name);
        exit(CHECK_FAIL);
    }
    return policy;
}

static const size_t MIB = (size_t)1 << 20;

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

// --- at every point ---

struct watch {
    size_t highest_units;
    size_t regret_bytes; // at the end
};

// Nothing is lost: what was ever used is in use, dirty or clean.
static void check_conserved(const struct sim_run *run, const struct trace_point *point,
                            struct watch *watch)
{
    const struct sim_memory *memory = &run->memory;
    size_t units = (point->used_bytes + sim_bytes(1) - 1) / sim_bytes(1);
    watch->highest_units = larger(watch->highest_units, units);
    CHECK_EQ(memory->used_units, units);
    CHECK_EQ(sim_memory_held_bytes(memory), sim_bytes(units + memory->dirty.units));
    CHECK_EQ(units + memory->dirty.units + memory->clean.units, watch->highest_units);
    CHECK_EQ(run->result.purged_bytes - run->result.again_bytes, sim_bytes(memory->clean.units));
}

static void check_budget_kept(const struct sim_run *run)
{
    size_t allowed = larger(run->asked_bytes, run->policy->budget.floor_bytes);
    CHECK(sim_bytes(run->memory.dirty.units) <= allowed);
    CHECK(bp_load_relaxed(&run->budget.regret_bytes) <= run->result.peak_bytes);
    CHECK(run->result.regretted_bytes <= run->result.again_bytes);
}

static void see_point(void *seen, const struct sim_run *run, const struct trace_point *point)
{
    struct watch *watch = seen;
    check_conserved(run, point, watch);
    watch->regret_bytes = bp_load_relaxed(&run->budget.regret_bytes);
    if (run->policy->kind == SIM_BUDGET)
        check_budget_kept(run);
    else
        CHECK_EQ(watch->regret_bytes, 0);
}

static struct sim_result watched(const struct trace *trace, const char *name, struct watch *watch)
{
    *watch = (struct watch){0, 0};
    return sim_replay(trace, named(name), (struct sim_observer){see_point, watch});
}

static struct sim_result replayed(const struct trace *trace, const char *name)
{
    struct watch watch;
    return watched(trace, name, &watch);
}

// --- every trace ---

static size_t end_used(const struct trace *trace)
{
    return (trace->points[trace->count - 1].used_bytes + sim_bytes(1) - 1) / sim_bytes(1) *
           sim_bytes(1);
}

static void check_extremes(const struct trace *trace)
{
    struct sim_result never = replayed(trace, "never"), now = replayed(trace, "now");
    CHECK_EQ(never.again_bytes, 0);
    CHECK_EQ(never.purged_bytes, 0);
    CHECK_EQ(never.end_bytes, never.peak_bytes);
    CHECK_EQ(now.end_bytes, end_used(trace));
    CHECK_EQ(now.spare_bytes, 0);
    CHECK_EQ(now.regretted_bytes, 0);
    CHECK(now.held_over_used > 0.999 && now.held_over_used < 1.001);
}

// Whoever else there is holds no more than never, and faults no more than now.
static void check_between(const struct trace *trace)
{
    struct sim_result never = replayed(trace, "never"), now = replayed(trace, "now");
    for (size_t i = 0; i < policies.count; i++) {
        const char *name = policies.items[i].name;
        struct sim_result result = replayed(trace, name);
        CHECK_FMT(result.peak_bytes == never.peak_bytes, "%s, %s", trace->name, name);
        CHECK_FMT(result.held_over_used >= now.held_over_used - 1e-9, "%s, %s", trace->name, name);
        CHECK_FMT(result.held_over_used <= never.held_over_used + 1e-9, "%s, %s", trace->name,
                  name);
        CHECK_FMT(result.again_bytes <= now.again_bytes, "%s, %s", trace->name, name);
    }
}

// What may be dirty at the end without regret.
static size_t end_kept(const struct trace *trace)
{
    const struct bp_budget_policy *budget = &named("ours")->budget;
    return larger(budget->floor_bytes, end_used(trace) / 100 * budget->share_percent);
}

static void check_rest(const struct trace *trace)
{
    struct watch watch;
    size_t kept = end_kept(trace);
    struct sim_result ours = watched(trace, "ours", &watch);
    CHECK_FMT(ours.end_bytes <= end_used(trace) + kept + watch.regret_bytes + sim_bytes(1),
              "%s: %zu", trace->name, ours.end_bytes);
    struct sim_result plain = watched(trace, "no regret", &watch);
    CHECK_EQ(watch.regret_bytes, 0);
    CHECK_EQ(plain.regretted_bytes, 0);
    CHECK_FMT(plain.end_bytes <= end_used(trace) + kept + sim_bytes(1), "%s: %zu", trace->name,
              plain.end_bytes);
}

static void check_regret_pays(const struct trace *trace)
{
    struct sim_result ours = replayed(trace, "ours"), plain = replayed(trace, "no regret");
    CHECK_FMT(ours.again_bytes <= plain.again_bytes, "%s: %zu", trace->name, ours.again_bytes);
    CHECK_FMT(ours.held_over_used >= plain.held_over_used, "%s", trace->name);
}

static void check_decay(const struct trace *trace)
{
    struct sim_result slow = replayed(trace, "decay 10 s"), quick = replayed(trace, "decay 1 s");
    CHECK_FMT(slow.again_bytes <= quick.again_bytes, "%s", trace->name);
    CHECK_FMT(slow.held_over_used >= quick.held_over_used, "%s", trace->name);
}

// --- those that were made to show something ---

// 400 MiB come and go: without a later call all but the budget is back.
static void check_burst(const struct trace *trace)
{
    struct sim_result ours = replayed(trace, "ours"), decay = replayed(trace, "decay 1 s");
    CHECK_EQ(ours.again_bytes, 0);
    CHECK(ours.end_bytes - end_used(trace) <= end_kept(trace));
    CHECK(ours.held_over_used < 1.2);
    CHECK(decay.end_bytes == decay.peak_bytes && decay.held_over_used > 2);
}

struct breaths {
    size_t count, faulted; // cycles, and those of them that faulted something again
    size_t again_bytes;    // by the end of the last one
    size_t settled_bytes;  // by the end of the fifth
    bool is_in;
};

static void see_breath(void *seen, const struct sim_run *run, const struct trace_point *point)
{
    struct breaths *breaths = seen;
    bool is_in = point->used_bytes > 128 * MIB;
    if (breaths->is_in && !is_in) {
        breaths->count++;
        breaths->faulted += run->result.again_bytes > breaths->again_bytes;
        breaths->again_bytes = run->result.again_bytes;
        if (breaths->count == 5)
            breaths->settled_bytes = run->result.again_bytes;
    }
    breaths->is_in = is_in;
}

// After five breaths nothing is faulted again but what wore off of the regret meanwhile.
static void check_breathing(const struct trace *trace)
{
    const struct bp_budget_policy *budget = &named("ours")->budget;
    struct breaths breaths = {.count = 0};
    struct sim_result ours =
        sim_replay(trace, named("ours"), (struct sim_observer){see_breath, &breaths});
    size_t steps = trace_span_ms(trace) / budget->wear_ms + 1;
    size_t worn = steps * (ours.peak_bytes / budget->wear_share);
    CHECK_EQ(breaths.count, 40);
    CHECK_FMT(breaths.again_bytes - breaths.settled_bytes <= worn, "%zu MiB, then %zu MiB",
              breaths.settled_bytes / MIB, breaths.again_bytes / MIB);
    CHECK_FMT(breaths.faulted <= steps + 5, "%zu of %zu", breaths.faulted, breaths.count);
    CHECK(ours.again_bytes * 10 < replayed(trace, "no regret").again_bytes);
}

static void check_trace(const struct trace *trace)
{
    check_extremes(trace);
    check_between(trace);
    check_rest(trace);
    check_regret_pays(trace);
    check_decay(trace);
    if (strcmp(trace->name, "burst") == 0)
        check_burst(trace);
    if (strcmp(trace->name, "breathe") == 0)
        check_breathing(trace);
}

// --- to the byte, on traces made here ---

static struct sim_result replay_points(const char *name, struct trace_point *points, size_t count)
{
    struct trace trace = {.name = "made", .points = points, .count = count};
    return replayed(&trace, name);
}

static void counts_to_the_byte(void)
{
    struct trace_point points[] = {{0, 100 * MIB},      {100, 40 * MIB},  {200, 90 * MIB},
                                   {400, 10 * MIB + 1}, {1000, 10 * MIB}, {2000, 10 * MIB}};
    struct sim_result now = replay_points("now", points, 6);
    CHECK_EQ(now.purged_bytes, 60 * MIB + 80 * MIB);
    CHECK_EQ(now.again_bytes, 50 * MIB);
    CHECK_EQ(now.peak_bytes, 100 * MIB);
    CHECK_EQ(now.end_bytes, 10 * MIB);
    struct sim_result never = replay_points("never", points, 6);
    // 100 MiB for 2 s, against 100, 40, 90 and 10 MiB for 100, 100, 200 and 1600 ms; and one byte
    // in use holds a unit for 600 of them.
    CHECK_EQ(never.spare_bytes, 76 * MIB - (sim_bytes(3) + 9) / 10);
}

static void breathes_once(void)
{
    struct trace_point points[] = {{0, 96 * MIB},   {100, 0}, {150, 96 * MIB}, {200, 0},
                                   {250, 96 * MIB}, {300, 0}, {350, 0}};
    size_t floor = named("ours")->budget.floor_bytes;
    struct sim_result ours = replay_points("ours", points, 7);
    CHECK_EQ(ours.again_bytes, 96 * MIB - floor);
    CHECK_EQ(ours.regretted_bytes, 96 * MIB - floor);
    CHECK_EQ(ours.purged_bytes, 96 * MIB - floor);
    CHECK(ours.purge_calls > 0 && ours.purge_calls <= 96);
    struct sim_result plain = replay_points("no regret", points, 7);
    CHECK_EQ(plain.again_bytes, 2 * (96 * MIB - floor));
}

static void decays_only_when_called(void)
{
    struct trace_point points[] = {{0, 50 * MIB}, {10, 0},          {1000, 0},
                                   {1010, 0},     {5000, 20 * MIB}, {9000, 20 * MIB}};
    CHECK_EQ(replay_points("decay 1 s", points, 6).again_bytes, 20 * MIB);
    points[3].ms = 1009;
    CHECK_EQ(replay_points("decay 1 s", points, 6).again_bytes, 0);
    CHECK_EQ(replay_points("decay 1 s", points, 4).purged_bytes, 0); // the last one is no call
}

// The newest dirty is taken first, the oldest is purged first.
static void orders_by_age(void)
{
    struct sim_memory memory = {.used_units = 0};
    sim_memory_take_fresh(&memory, 30);
    sim_memory_release(&memory, 10, 1);
    sim_memory_release(&memory, 10, 2);
    CHECK_EQ(sim_memory_oldest(&memory).ms, 1);
    CHECK_EQ(sim_memory_take_dirty(&memory, 15), 15);
    CHECK_EQ(sim_memory_oldest(&memory).units, 5);
    CHECK_EQ(sim_memory_purge(&memory, 3, 7), 3);
    CHECK_EQ(sim_memory_purge(&memory, 9, 8), 2);
    CHECK_EQ(sim_memory_purge(&memory, 9, 9), 0);
    CHECK_EQ(sim_memory_take_clean(&memory, 9).ms, 8);
    struct sim_piece older = sim_memory_take_clean(&memory, 1);
    CHECK_EQ(older.ms, 7);
    CHECK_EQ(older.units, 1);
    CHECK_EQ(memory.clean.units, 2);
    sim_memory_free(&memory);
}

static void keeps_many_pieces(void)
{
    struct sim_memory memory = {.used_units = 0};
    sim_memory_take_fresh(&memory, 100000);
    for (uint32_t ms = 0; ms < 50000; ms++) {
        sim_memory_release(&memory, 2, ms);
        if (ms % 3)
            CHECK_EQ(sim_memory_purge(&memory, 1, ms), 1);
    }
    CHECK_EQ(memory.used_units, 0);
    CHECK_EQ(memory.clean.units, 33333);
    CHECK_EQ(memory.dirty.units, 66667);
    for (uint32_t last = 0; memory.dirty.units;) {
        CHECK(sim_memory_oldest(&memory).ms >= last);
        last = sim_memory_oldest(&memory).ms;
        sim_memory_purge(&memory, SIZE_MAX, 60000);
    }
    CHECK_EQ(memory.clean.units, 100000);
    sim_memory_free(&memory);
}

int main(int count, char **paths)
{
    void (*const cases[])(void) = {counts_to_the_byte, breathes_once, decays_only_when_called,
                                   orders_by_age, keeps_many_pieces};
    check_begin();
    sim_policies_standard(&policies);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        cases[i]();
    for (int i = 1; i < count; i++) {
        struct trace trace;
        REQUIRE(trace_read(paths[i], &trace));
        check_trace(&trace);
        trace_free(&trace);
    }
    return check_end();
}
