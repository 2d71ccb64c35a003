// SPDX-License-Identifier: MIT
#include "reserve/budget.h"

#include "base/bits.h"
#include "base/limits.h"
#include "core/counters.h"
#include "os/os.h"

enum {
    SHARE = 8,      // an eighth of what is in use
    SOON_MS = 2000, // needed again within this time: regretted
    WEAR_MS = 1000, // a quarter of the regret wears off in this time
    WEAR_SHARE = 4,
};

// Racy on purpose: an update lost costs a purge more or less.
static bp_atomic_size regret_bytes;
static bp_atomic_size peak_bytes;
static bp_atomic_size worn_at_ms; // when regret last grew or wore off

static size_t used_bytes(void)
{
    return bp_load_relaxed(&bp_counters.span_bytes) + bp_load_relaxed(&bp_counters.slot_bytes);
}

uint32_t bp_budget_purge_time(void)
{
    uint32_t now = bp_os_now_ms();
    return now ? now : 1;
}

void bp_budget_regret(struct bp_regret again)
{
    if (!again.purge_time || !again.n_bytes)
        return;
    uint32_t now = bp_os_now_ms();
    if (now - again.purge_time > SOON_MS)
        return;
    size_t regret = bp_load_relaxed(&regret_bytes) + again.n_bytes;
    size_t peak = bp_max(bp_load_relaxed(&peak_bytes), used_bytes());
    bp_store_relaxed(&regret_bytes, bp_min(regret, peak));
    bp_store_relaxed(&worn_at_ms, now);
}

// Regret and peak fade together.
static void wear_off(void)
{
    uint32_t now = bp_os_now_ms();
    size_t regret = bp_load_relaxed(&regret_bytes);
    if (now - (uint32_t)bp_load_relaxed(&worn_at_ms) < WEAR_MS)
        return;
    bp_store_relaxed(&worn_at_ms, now);
    bp_store_relaxed(&regret_bytes, regret - regret / WEAR_SHARE);
    size_t peak = bp_load_relaxed(&peak_bytes);
    bp_store_relaxed(&peak_bytes, peak - peak / WEAR_SHARE);
}

size_t bp_budget_bytes(void)
{
    size_t used = used_bytes();
    if (used > bp_load_relaxed(&peak_bytes))
        bp_store_relaxed(&peak_bytes, used);
    wear_off();
    return bp_max(BP_BUDGET_FLOOR_BYTES, used / SHARE) + bp_load_relaxed(&regret_bytes);
}
