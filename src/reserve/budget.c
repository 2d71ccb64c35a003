// SPDX-License-Identifier: MIT
#include "reserve/budget.h"

#include "base/bits.h"
#include "core/counters.h"
#include "core/options.h"
#include "os/os.h"
#include "reserve/limit.h"

// A quarter of the regret wears off in four seconds: a program that stops breathing has given back
// nine tenths of it after half a minute of whatever else it does.
enum { WEAR_MS = 4000, WEAR_SHARE = 4, WEAR_STEPS_MAX = 64 };

struct bp_budget bp_budget_process;

// --- the policy ---

static void wear_off(const struct bp_budget_policy *policy, struct bp_budget *budget, uint32_t now)
{
    uint32_t elapsed_ms = now - (uint32_t)bp_load_relaxed(&budget->worn_at_ms);
    size_t regret = bp_load_relaxed(&budget->regret_bytes);
    size_t peak = bp_load_relaxed(&budget->peak_bytes);
    if (elapsed_ms < policy->wear_ms)
        return;
    bp_store_relaxed(&budget->worn_at_ms, now);
    for (uint32_t steps = bp_min(elapsed_ms / policy->wear_ms, WEAR_STEPS_MAX); steps; steps--) {
        regret -= regret / policy->wear_share;
        peak -= peak / policy->wear_share;
    }
    bp_store_relaxed(&budget->regret_bytes, regret);
    bp_store_relaxed(&budget->peak_bytes, peak);
}

static size_t needed_bytes(struct bp_budget_use use)
{
    size_t live = bp_sub_or_zero(use.used_bytes, use.free_bytes);
    return bp_min(use.used_bytes, live + live / 4);
}

size_t bp_budget_at(const struct bp_budget_policy *policy, struct bp_budget *budget,
                    struct bp_budget_use use, uint32_t now_ms)
{
    size_t share = use.used_bytes / 100 * policy->share_percent;
    wear_off(policy, budget, now_ms);
    // The peak is only seen when somebody asks, which is when more than the floor is dirty.
    size_t peak = bp_max(bp_load_relaxed(&budget->peak_bytes), needed_bytes(use));
    bp_store_relaxed(&budget->peak_bytes, peak);
    size_t room = bp_sub_or_zero(peak + policy->floor_bytes, use.used_bytes);
    size_t regret = bp_min(bp_load_relaxed(&budget->regret_bytes), room);
    return bp_max(policy->floor_bytes, share) + regret;
}

size_t bp_budget_regret_at(const struct bp_budget_policy *policy, struct bp_budget *budget,
                           struct bp_budget_use use, uint32_t now_ms, struct bp_regret again)
{
    if (!again.purge_time || !again.n_bytes || !policy->soon_ms ||
        now_ms - again.purge_time > policy->soon_ms)
        return 0;
    size_t regret = bp_load_relaxed(&budget->regret_bytes) + again.n_bytes;
    size_t peak = bp_max(bp_load_relaxed(&budget->peak_bytes), needed_bytes(use));
    bp_store_relaxed(&budget->regret_bytes, bp_min(regret, peak));
    bp_store_relaxed(&budget->worn_at_ms, now_ms);
    return again.n_bytes;
}

// --- the process's own ---

struct bp_budget_policy bp_budget_policy_of(const struct bp_options *options)
{
    return (struct bp_budget_policy){
        .floor_bytes = options->purge_floor_bytes,
        .share_percent = options->purge_share_percent,
        .soon_ms = (uint32_t)options->purge_regret_ms,
        .wear_ms = WEAR_MS,
        .wear_share = WEAR_SHARE,
    };
}

struct bp_budget_policy bp_budget_policy(void)
{
    return bp_budget_policy_of(&bp_options);
}

struct bp_budget_use bp_budget_use_of(const struct bp_counters *counters)
{
    size_t spans = bp_load_relaxed(&counters->span_bytes);
    size_t slots = bp_load_relaxed(&counters->slot_bytes);
    size_t free_bytes = bp_load_relaxed(&counters->span_free_bytes);
    size_t punched = bp_load_relaxed(&counters->span_marked_bytes);
    return (struct bp_budget_use){bp_sub_or_zero(spans + slots, punched),
                                  bp_sub_or_zero(free_bytes, punched)};
}

static struct bp_budget_use use_now(void)
{
    return bp_budget_use_of(&bp_counters);
}

uint32_t bp_budget_purge_time(void)
{
    uint32_t now = bp_os_now_ms();
    return now ? now : 1;
}

void bp_budget_regret(struct bp_regret again)
{
    struct bp_budget_policy policy = bp_budget_policy();
    if (!again.purge_time || !again.n_bytes)
        return;
    size_t regretted =
        bp_budget_regret_at(&policy, &bp_budget_process, use_now(), bp_os_now_ms(), again);
    bp_add_relaxed(&bp_counters.faulted_again_bytes, again.n_bytes);
    bp_add_relaxed(&bp_counters.regretted_bytes, regretted);
}

size_t bp_budget_bytes(void)
{
    struct bp_budget_policy policy = bp_budget_policy();
    if (bp_options.purge != BP_PURGE_AUTO)
        return bp_options.purge == BP_PURGE_NOW ? 0 : SIZE_MAX;
    size_t budget = bp_budget_at(&policy, &bp_budget_process, use_now(), bp_os_now_ms());
    return bp_min(budget, bp_limit_room_bytes() / 2);
}

size_t bp_budget_least_bytes(void)
{
    if (bp_options.purge == BP_PURGE_NEVER)
        return SIZE_MAX;
    bool free_to_keep = bp_options.purge == BP_PURGE_AUTO && !bp_limit_is_set();
    return free_to_keep ? bp_options.purge_floor_bytes : 0;
}

size_t bp_budget_regret_bytes(void)
{
    return bp_load_relaxed(&bp_budget_process.regret_bytes);
}
