// SPDX-License-Identifier: MIT
// reserve: the budget of dirty bytes. The policy alone, which has no clock, and the process's own,
// on a clock that this file sets.
#include "base/bits.h"
#include "base/limits.h"
#include "core/counters.h"
#include "core/options.h"
#include "os/os.h"
#include "reserve/budget.h"
#include "reserve/limit.h"
#include "unit.h"

#include <time.h>

static uint64_t clock_ms = 5000000;

#if defined(_WIN32)
#include <windows.h>

static DWORD WINAPI own_ticks(void)
{
    return (DWORD)clock_ms;
}

// Takes the place of the import.
extern DWORD(WINAPI *const __imp_GetTickCount)(void);
DWORD(WINAPI *const __imp_GetTickCount)(void) = own_ticks;
#else
// Takes the place of libc's.
int clock_gettime(clockid_t id, struct timespec *ret_time)
{
    (void)id;
    ret_time->tv_sec = (time_t)(clock_ms / 1000);
    ret_time->tv_nsec = (long)(clock_ms % 1000) * 1000000;
    return 0;
}
#endif

// --- the policy ---

static struct bp_budget_policy policy = {.floor_bytes = 8 * BP_MIB,
                                         .share_percent = 12,
                                         .soon_ms = 2000,
                                         .wear_ms = 1000,
                                         .wear_share = 4};
static struct bp_budget budget;
static uint32_t now = 100000;

static size_t at(size_t used_bytes)
{
    return bp_budget_at(&policy, &budget, (struct bp_budget_use){used_bytes, 0}, now);
}

// What of so many bytes, purged so long ago, is regretted.
static size_t regret_at(size_t used_bytes, size_t n_bytes, uint32_t age_ms)
{
    return bp_budget_regret_at(&policy, &budget, (struct bp_budget_use){used_bytes, 0}, now,
                               (struct bp_regret){n_bytes, now - age_ms});
}

static void is_a_floor_or_a_share(void)
{
    CHECK_EQ(at(0), 8 * BP_MIB);
    CHECK_EQ(at(64 * BP_MIB), 8 * BP_MIB);
    CHECK_EQ(at(100 * BP_MIB), 12 * BP_MIB);
    CHECK_EQ(at(400 * BP_MIB), 48 * BP_MIB);
    CHECK_EQ(at(0), 8 * BP_MIB);
    policy.share_percent = 0;
    CHECK_EQ(at(BP_GIB), 8 * BP_MIB);
    policy.floor_bytes = 0;
    CHECK_EQ(at(BP_GIB), 0);
}

static void share_of_much_does_not_overflow(void)
{
    policy.share_percent = 100;
    CHECK_EQ(at(BP_ADDRESS_MAX), BP_ADDRESS_MAX / 100 * 100);
}

static void regret_raises_it(void)
{
    at(300 * BP_MIB);
    CHECK_EQ(regret_at(100 * BP_MIB, 10 * BP_MIB, 0), 10 * BP_MIB);
    CHECK_EQ(regret_at(100 * BP_MIB, 5 * BP_MIB, 2000), 5 * BP_MIB);
    CHECK_EQ(at(100 * BP_MIB), 27 * BP_MIB);
    CHECK_EQ(bp_load_relaxed(&budget.regret_bytes), 15 * BP_MIB);
}

static void other_need_is_no_regret(void)
{
    at(300 * BP_MIB);
    CHECK_EQ(regret_at(100 * BP_MIB, 10 * BP_MIB, 2001), 0);
    CHECK_EQ(regret_at(100 * BP_MIB, 10 * BP_MIB, now), 0); // purged at 0: never
    CHECK_EQ(regret_at(100 * BP_MIB, 0, 1), 0);
    CHECK_EQ(regret_at(100 * BP_MIB, 10 * BP_MIB, UINT32_MAX), 0); // in another thread, just now
    policy.soon_ms = 0;
    CHECK_EQ(regret_at(100 * BP_MIB, 10 * BP_MIB, 0), 0);
    CHECK_EQ(at(0), 8 * BP_MIB);
}

// What is in use and what regret lets be dirty are not much more than was ever in use.
static void regret_is_bounded_by_use(void)
{
    size_t peak = 400 * BP_MIB;
    at(peak);
    for (int i = 0; i < 10; i++)
        regret_at(0, BP_GIB, 1);
    CHECK(bp_load_relaxed(&budget.regret_bytes) <= peak);
    for (size_t used = 0; used <= peak; used += peak / 8) {
        size_t regret = at(used) - bp_max(8 * BP_MIB, used / 100 * 12);
        CHECK_FMT(used + regret >= peak, "%zu + %zu", used, regret);
        CHECK_FMT(used + regret <= peak + peak / 4, "%zu + %zu", used, regret);
    }
}

// Free objects in spans that are in use are no need, but for a quarter of the live ones.
static void fragments_are_no_need(void)
{
    bp_budget_at(&policy, &budget, (struct bp_budget_use){100 * BP_MIB, 60 * BP_MIB}, now);
    CHECK_EQ(bp_load_relaxed(&budget.peak_bytes), 50 * BP_MIB);
    regret_at(0, BP_GIB, 1);
    CHECK_EQ(at(0), 58 * BP_MIB);
    CHECK_EQ(at(50 * BP_MIB), 16 * BP_MIB);
    bp_budget_at(&policy, &budget, (struct bp_budget_use){100 * BP_MIB, 5 * BP_MIB}, now);
    CHECK_EQ(bp_load_relaxed(&budget.peak_bytes), 100 * BP_MIB);
    // Counted at different moments, more may seem to be free than is in use.
    bp_budget_at(&policy, &budget, (struct bp_budget_use){BP_MIB, 2 * BP_MIB}, now);
    CHECK_EQ(bp_load_relaxed(&budget.peak_bytes), 100 * BP_MIB);
}

static void need_itself_is_use(void)
{
    regret_at(30 * BP_MIB, BP_GIB, 1);
    CHECK_EQ(bp_load_relaxed(&budget.regret_bytes), 30 * BP_MIB);
}

static void regret_wears_off(void)
{
    at(BP_GIB);
    regret_at(0, 64 * BP_MIB, 1);
    now += 999;
    CHECK_EQ(at(0), 72 * BP_MIB);
    now += 1;
    CHECK_EQ(at(0), 56 * BP_MIB);
    now += 500;
    CHECK_EQ(at(0), 56 * BP_MIB);
    now += 500;
    CHECK_EQ(at(0), 44 * BP_MIB);
    now += 3000;
    CHECK_EQ(at(0), 8 * BP_MIB + 36 * BP_MIB / 64 * 27);
}

static void quiet_takes_it_all(void)
{
    at(BP_GIB);
    regret_at(0, BP_GIB, 1);
    now += 3600 * 1000;
    CHECK(at(0) < 8 * BP_MIB + 4096);
    // And the memory of the highest use.
    regret_at(0, BP_GIB, 1);
    CHECK(at(0) < 8 * BP_MIB + 4096);
}

static void wears_by_its_constants(void)
{
    policy.wear_ms = 50;
    policy.wear_share = 2;
    at(BP_GIB);
    regret_at(0, 64 * BP_MIB, 1);
    now += 49;
    CHECK_EQ(at(0), 72 * BP_MIB);
    now += 51;
    CHECK_EQ(at(0), 24 * BP_MIB);
}

// The clock has 32 bits: it comes round every 49 days.
static void clock_comes_round(void)
{
    now = UINT32_MAX - 200;
    at(BP_GIB);
    now += 400;
    CHECK_EQ(regret_at(0, 64 * BP_MIB, 400), 64 * BP_MIB);
    now = 799;
    CHECK_EQ(at(0), 72 * BP_MIB);
    now = 199 + 1000;
    CHECK_EQ(at(0), 56 * BP_MIB);
}

// Five breaths of 256 MiB, MiB by MiB: what is purged in the fifth, and all of it was in the first.
static void breathing_settles(void)
{
    size_t dirty = 0, purged = 0;
    for (int breath = 1; breath <= 5; breath++, now += 100) {
        size_t again = bp_min(purged, 256 * BP_MIB - dirty);
        if (again)
            regret_at(256 * BP_MIB, again, 50);
        dirty = purged = 0;
        for (size_t used = 255 * BP_MIB; used + BP_MIB; used -= BP_MIB) {
            dirty += BP_MIB;
            size_t allowed = dirty > policy.floor_bytes ? at(used) : dirty;
            purged += bp_sub_or_zero(dirty, allowed);
            dirty = bp_min(dirty, allowed);
        }
        CHECK_FMT(breath > 1 || purged == 248 * BP_MIB, "%zu", purged);
        CHECK_FMT(breath < 3 || purged == 0, "breath %d: %zu", breath, purged);
    }
}

// --- the process's own ---

static void use(size_t span_bytes, size_t slot_bytes)
{
    bp_store_relaxed(&bp_counters.span_bytes, span_bytes);
    bp_store_relaxed(&bp_counters.slot_bytes, slot_bytes);
}

static void clock_is_ours(void)
{
    CHECK_EQ(bp_os_now_ms(), 5000000);
    clock_ms = ((uint64_t)1 << 32) + 7;
    CHECK_EQ(bp_os_now_ms(), 7);
    CHECK_EQ(bp_budget_purge_time(), 7);
    clock_ms = (uint64_t)1 << 32;
    CHECK(bp_budget_purge_time() != 0);
}

static void policy_is_the_options(void)
{
    struct bp_budget_policy before = bp_budget_policy();
    CHECK_EQ(before.floor_bytes, bp_options.purge_floor_bytes);
    CHECK_EQ(before.share_percent, bp_options.purge_share_percent);
    CHECK_EQ(before.soon_ms, bp_options.purge_regret_ms);
    CHECK(before.wear_ms > 0 && before.wear_share > 1);
    bp_options.purge_floor_bytes = BP_MIB;
    bp_options.purge_share_percent = 50;
    use(BP_MIB, BP_MIB);
    CHECK_EQ(bp_budget_bytes(), BP_MIB);
    use(40 * BP_MIB, 60 * BP_MIB);
    CHECK_EQ(bp_budget_bytes(), 50 * BP_MIB);
}

static void own_regret_is_counted(void)
{
    size_t soon = bp_options.purge_regret_ms;
    uint32_t purged_at = bp_budget_purge_time();
    use(50 * BP_MIB, 150 * BP_MIB);
    bp_budget_bytes(); // sees the highest use
    use(0, 0);
    clock_ms += soon;
    bp_budget_regret((struct bp_regret){10 * BP_MIB, purged_at});
    clock_ms += 1;
    bp_budget_regret((struct bp_regret){3 * BP_MIB, purged_at});
    bp_budget_regret((struct bp_regret){5 * BP_MIB, 0});
    CHECK_EQ(bp_load_relaxed(&bp_counters.faulted_again_bytes), 13 * BP_MIB);
    CHECK_EQ(bp_load_relaxed(&bp_counters.regretted_bytes), 10 * BP_MIB);
    CHECK_EQ(bp_budget_regret_bytes(), 10 * BP_MIB);
    CHECK_EQ(bp_budget_bytes(), bp_options.purge_floor_bytes + 10 * BP_MIB);
}

static void modes(void)
{
    use(100 * BP_MIB, 0);
    CHECK_EQ(bp_budget_least_bytes(), bp_options.purge_floor_bytes);
    bp_options.purge = BP_PURGE_NOW;
    CHECK_EQ(bp_budget_bytes(), 0);
    CHECK_EQ(bp_budget_least_bytes(), 0);
    bp_options.purge = BP_PURGE_NEVER;
    CHECK(bp_budget_bytes() == SIZE_MAX);
    CHECK(bp_budget_least_bytes() == SIZE_MAX);
}

static void shrinks_near_a_limit(void)
{
    bp_limit_init(100 * BP_MIB, SIZE_MAX);
    CHECK_EQ(bp_budget_least_bytes(), 0);
    use(50 * BP_MIB, 0);
    CHECK_EQ(bp_budget_bytes(), 8 * BP_MIB);
    use(50 * BP_MIB, 40 * BP_MIB);
    CHECK_EQ(bp_budget_bytes(), 5 * BP_MIB);
    bp_store_relaxed(&bp_counters.direct_bytes, 8 * BP_MIB);
    CHECK_EQ(bp_budget_bytes(), BP_MIB);
    use(200 * BP_MIB, 0);
    CHECK_EQ(bp_budget_bytes(), 0);
}

static void shrinks_near_the_group_s_limit(void)
{
    bp_limit_init(0, 100 * BP_MIB);
    use(0, 96 * BP_MIB);
    CHECK_EQ(bp_budget_bytes(), 2 * BP_MIB);
    CHECK_EQ(bp_budget_least_bytes(), 0);
}

UNIT_MAIN(UNIT_CASE(is_a_floor_or_a_share), UNIT_CASE(share_of_much_does_not_overflow),
          UNIT_CASE(regret_raises_it), UNIT_CASE(other_need_is_no_regret),
          UNIT_CASE(regret_is_bounded_by_use), UNIT_CASE(fragments_are_no_need),
          UNIT_CASE(need_itself_is_use), UNIT_CASE(regret_wears_off), UNIT_CASE(quiet_takes_it_all),
          UNIT_CASE(wears_by_its_constants), UNIT_CASE(clock_comes_round),
          UNIT_CASE(breathing_settles), UNIT_CASE(clock_is_ours), UNIT_CASE(policy_is_the_options),
          UNIT_CASE(own_regret_is_counted), UNIT_CASE(modes), UNIT_CASE(shrinks_near_a_limit),
          UNIT_CASE(shrinks_near_the_group_s_limit))
