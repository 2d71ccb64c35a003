// SPDX-License-Identifier: MIT
#include "replay.h"

// What the system charges, measured on one virtual machine: it tells cheap from dear, no more.
static const double FAULT_US_PER_PAGE = 1.5;
static const double PURGE_US_PER_PAGE = 0.3;
static const double PURGE_US_PER_CALL = 1.0;
// Whoever rents a machine pays about as much for 8 GiB as for a processor, so 82 MiB held for
// nothing are worth one percent of it.
static const double GIB_PER_PROCESSOR = 8;

// Purges of the library are never at 0, and the policy's clock does not begin there.
enum {
    CLOCK_START = 1000000,
    STEP_UNITS = 16, // a MiB
};

static uint32_t clock_at(uint32_t ms)
{
    return CLOCK_START + ms;
}

// --- giving back ---

static void purge_oldest(struct sim_run *run, size_t units, uint32_t ms)
{
    run->result.purged_bytes += sim_bytes(sim_memory_purge(&run->memory, units, ms));
    run->result.purge_calls++;
}

// A trace knows of no free objects in what is in use.
static struct bp_budget_use use_of(const struct sim_run *run)
{
    return (struct bp_budget_use){.used_bytes = sim_bytes(run->memory.used_units)};
}

// As in the library, nobody asks while no more than the floor is dirty.
static void budget_keep(struct sim_run *run, uint32_t ms)
{
    const struct bp_budget_policy *policy = &run->policy->budget;
    struct sim_pieces *dirty = &run->memory.dirty;
    if (sim_bytes(dirty->units) <= policy->floor_bytes)
        return;
    run->asked_bytes = bp_budget_at(policy, &run->budget, use_of(run), clock_at(ms));
    size_t allowed_units = run->asked_bytes >> SIM_UNIT_SHIFT;
    while (dirty->units > allowed_units)
        purge_oldest(run, dirty->units - allowed_units, ms);
}

static void decay(struct sim_run *run, uint32_t ms)
{
    struct sim_piece oldest = sim_memory_oldest(&run->memory);
    while (oldest.units && ms - oldest.ms >= run->policy->decay_ms) {
        purge_oldest(run, oldest.units, ms);
        oldest = sim_memory_oldest(&run->memory);
    }
}

// --- taking into use ---

static void regret(struct sim_run *run, struct sim_piece again, uint32_t ms)
{
    run->result.again_bytes += sim_bytes(again.units);
    if (run->policy->kind != SIM_BUDGET)
        return;
    run->result.regretted_bytes +=
        bp_budget_regret_at(&run->policy->budget, &run->budget, use_of(run), clock_at(ms),
                            (struct bp_regret){sim_bytes(again.units), clock_at(again.ms)});
}

static void grow(struct sim_run *run, size_t units, uint32_t ms)
{
    units -= sim_memory_take_dirty(&run->memory, units);
    while (units && run->memory.clean.units) {
        struct sim_piece again = sim_memory_take_clean(&run->memory, units);
        units -= again.units;
        regret(run, again, ms);
    }
    sim_memory_take_fresh(&run->memory, units);
}

// --- one point ---

static void time_pass(struct sim_run *run, uint32_t ms)
{
    run->held_area += (double)sim_memory_held_bytes(&run->memory) * ms;
    run->used_area += (double)sim_bytes(run->memory.used_units) * ms;
}

static void policy_apply(struct sim_run *run, uint32_t ms, bool grew)
{
    if (run->policy->kind == SIM_BUDGET && !grew)
        budget_keep(run, ms);
    if (run->policy->kind == SIM_DECAY)
        decay(run, ms);
}

// A program gives back a little at a time, and the library looks after each.
static void shrink(struct sim_run *run, size_t units, uint32_t ms, bool is_call)
{
    for (size_t step; units; units -= step) {
        step = units < STEP_UNITS ? units : STEP_UNITS;
        sim_memory_release(&run->memory, step, ms);
        if (is_call)
            policy_apply(run, ms, false);
    }
}

static void point_replay(struct sim_run *run, const struct trace_point *point, bool is_call)
{
    size_t units = (point->used_bytes + sim_bytes(1) - 1) >> SIM_UNIT_SHIFT;
    size_t used_units = run->memory.used_units;
    if (units > used_units)
        grow(run, units - used_units, point->ms);
    else
        shrink(run, used_units - units, point->ms, is_call);
    if (sim_memory_held_bytes(&run->memory) > run->result.peak_bytes)
        run->result.peak_bytes = sim_memory_held_bytes(&run->memory);
    if (is_call && units >= used_units)
        policy_apply(run, point->ms, units > used_units);
}

// --- the trace ---

static double cost_us(const struct sim_result *result)
{
    return (double)result->again_bytes / 4096 * FAULT_US_PER_PAGE +
           (double)result->purged_bytes / 4096 * PURGE_US_PER_PAGE +
           (double)result->purge_calls * PURGE_US_PER_CALL;
}

static void result_complete(struct sim_run *run, uint32_t span_ms)
{
    struct sim_result *result = &run->result;
    result->end_bytes = sim_memory_held_bytes(&run->memory);
    result->held_over_used = run->used_area > 0 ? run->held_area / run->used_area : 1;
    result->spare_bytes = span_ms ? (size_t)((run->held_area - run->used_area) / span_ms) : 0;
    result->cpu_percent = span_ms ? cost_us(result) / (10.0 * span_ms) : 0;
    result->cost_percent =
        result->cpu_percent + 100 * (double)result->spare_bytes / (GIB_PER_PROCESSOR * (1 << 30));
}

struct sim_result sim_replay(const struct trace *trace, const struct sim_policy *policy,
                             struct sim_observer observer)
{
    struct sim_run run = {.policy = policy};
    for (size_t i = 0; i < trace->count; i++) {
        if (i)
            time_pass(&run, trace->points[i].ms - trace->points[i - 1].ms);
        point_replay(&run, &trace->points[i], i + 1 < trace->count);
        if (observer.see)
            observer.see(observer.seen, &run, &trace->points[i]);
    }
    result_complete(&run, trace_span_ms(trace));
    sim_memory_free(&run.memory);
    return run.result;
}
