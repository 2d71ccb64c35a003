// SPDX-License-Identifier: MIT
// reserve: the budget of dirty bytes, on a clock that this file sets.
#include "base/limits.h"
#include "core/counters.h"
#include "os/os.h"
#include "reserve/budget.h"
#include "unit.h"

#include <time.h>

static uint64_t clock_ms = 5000000;

// Takes the place of libc's.
int clock_gettime(clockid_t id, struct timespec *ret_time)
{
    (void)id;
    ret_time->tv_sec = (time_t)(clock_ms / 1000);
    ret_time->tv_nsec = (long)(clock_ms % 1000) * 1000000;
    return 0;
}

static void use(size_t span_bytes, size_t slot_bytes)
{
    bp_store_relaxed(&bp_counters.span_bytes, span_bytes);
    bp_store_relaxed(&bp_counters.slot_bytes, slot_bytes);
}

static void regret(size_t n_bytes, uint32_t purge_time)
{
    bp_budget_regret((struct bp_regret){n_bytes, purge_time});
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

static void is_a_floor_or_a_share(void)
{
    CHECK_EQ(bp_budget_bytes(), 8 * BP_MIB);
    use(32 * BP_MIB, 32 * BP_MIB);
    CHECK_EQ(bp_budget_bytes(), 8 * BP_MIB);
    use(200 * BP_MIB, 0);
    CHECK_EQ(bp_budget_bytes(), 25 * BP_MIB);
    use(100 * BP_MIB, 300 * BP_MIB);
    CHECK_EQ(bp_budget_bytes(), 50 * BP_MIB);
    use(0, 0);
    CHECK_EQ(bp_budget_bytes(), 8 * BP_MIB);
}

static void regret_raises_it(void)
{
    use(100 * BP_MIB, 0);
    uint32_t purged_at = bp_budget_purge_time();
    clock_ms += 2000;
    regret(10 * BP_MIB, purged_at);
    regret(5 * BP_MIB, purged_at);
    CHECK_EQ(bp_budget_bytes(), 12 * BP_MIB + BP_MIB / 2 + 15 * BP_MIB);
}

static void late_need_is_no_regret(void)
{
    use(100 * BP_MIB, 0);
    uint32_t purged_at = bp_budget_purge_time();
    clock_ms += 2001;
    regret(10 * BP_MIB, purged_at);
    regret(10 * BP_MIB, 0);
    use(0, 0);
    CHECK_EQ(bp_budget_bytes(), 8 * BP_MIB);
}

static void regret_is_bounded_by_use(void)
{
    bp_budget_bytes(); // what was before begins to wear off here
    use(0, 40 * BP_MIB);
    bp_budget_bytes();
    use(0, 0);
    regret(BP_GIB, bp_budget_purge_time());
    CHECK_EQ(bp_budget_bytes(), 48 * BP_MIB);
}

static void regret_wears_off(void)
{
    use(0, 64 * BP_MIB);
    bp_budget_bytes();
    regret(64 * BP_MIB, bp_budget_purge_time());
    use(0, 0);
    clock_ms += 999;
    CHECK_EQ(bp_budget_bytes(), 72 * BP_MIB);
    clock_ms += 1;
    CHECK_EQ(bp_budget_bytes(), 56 * BP_MIB);
    clock_ms += 1000;
    CHECK_EQ(bp_budget_bytes(), 44 * BP_MIB);
    for (int i = 0; i < 100; i++) {
        clock_ms += 1000;
        bp_budget_bytes();
    }
    CHECK(bp_budget_bytes() < 8 * BP_MIB + 4096);
    // The peak has faded with it.
    regret(BP_GIB, bp_budget_purge_time());
    CHECK(bp_budget_bytes() < 8 * BP_MIB + 4096);
}

UNIT_MAIN(UNIT_CASE(clock_is_ours), UNIT_CASE(is_a_floor_or_a_share), UNIT_CASE(regret_raises_it),
          UNIT_CASE(late_need_is_no_regret), UNIT_CASE(regret_is_bounded_by_use),
          UNIT_CASE(regret_wears_off))
