// SPDX-License-Identifier: MIT
// reserve: how much may be held, and what has to go before more may.
#include "base/limits.h"
#include "core/counters.h"
#include "reserve/limit.h"
#include "unit.h"

#include <pthread.h>

static void hold(size_t spans, size_t slots, size_t directs, size_t dirty)
{
    bp_store_relaxed(&bp_counters.span_bytes, spans * BP_MIB);
    bp_store_relaxed(&bp_counters.slot_bytes, slots * BP_MIB);
    bp_store_relaxed(&bp_counters.direct_bytes, directs * BP_MIB);
    bp_store_relaxed(&bp_counters.dirty_bytes, dirty * BP_MIB);
}

static size_t failures(void)
{
    return bp_load_relaxed(&bp_counters.limit_failures);
}

// Charges MiB to the slots; checks that it is added or not, and that a refusal is counted.
static bool charge(size_t mib)
{
    size_t before = bp_load_relaxed(&bp_counters.slot_bytes), failed = failures();
    bool ok = bp_limit_charge(&bp_counters.slot_bytes, mib * BP_MIB);
    CHECK_EQ(bp_load_relaxed(&bp_counters.slot_bytes), before + (ok ? mib * BP_MIB : 0));
    CHECK_EQ(failures(), failed + !ok);
    return ok;
}

static void none_by_default(void)
{
    CHECK(!bp_limit_is_set());
    CHECK(bp_limit_bytes() == SIZE_MAX);
    CHECK(bp_limit_room_bytes() == SIZE_MAX);
    CHECK(charge(BP_ADDRESS_MAX / BP_MIB));
    CHECK_EQ(bp_limit_excess_bytes(BP_ADDRESS_MAX), 0);
    CHECK_EQ(failures(), 0);
}

static void none_if_nobody_has_one(void)
{
    bp_limit_init(0, SIZE_MAX);
    none_by_default();
}

static void refuses_beyond(void)
{
    bp_limit_init(100 * BP_MIB, SIZE_MAX);
    CHECK(bp_limit_is_set());
    CHECK_EQ(bp_limit_bytes(), 100 * BP_MIB);
    hold(10, 0, 0, 0);
    CHECK(charge(90));
    CHECK(!bp_limit_charge(&bp_counters.span_bytes, 1));
    hold(10, 89, 0, 0);
    CHECK(!charge(2));
    CHECK(charge(1));
    CHECK_EQ(bp_limit_room_bytes(), 0);
}

static void all_that_is_held_counts(void)
{
    bp_limit_init(100 * BP_MIB, SIZE_MAX);
    hold(20, 20, 20, 20);
    CHECK(charge(20));
    hold(20, 20, 20, 21);
    CHECK(!charge(20));
    CHECK_EQ(bp_limit_room_bytes(), 40 * BP_MIB); // what is dirty could go
    hold(0, 0, 0, 100);
    CHECK(!charge(1));
    CHECK_EQ(bp_limit_room_bytes(), 100 * BP_MIB);
}

static void charges_any_counter(void)
{
    bp_limit_init(3 * BP_MIB, SIZE_MAX);
    CHECK(bp_limit_charge(&bp_counters.span_bytes, BP_MIB));
    CHECK(bp_limit_charge(&bp_counters.direct_bytes, BP_MIB));
    CHECK(bp_limit_charge(&bp_counters.slot_bytes, BP_MIB));
    CHECK(!bp_limit_charge(&bp_counters.direct_bytes, 1));
    CHECK_EQ(bp_load_relaxed(&bp_counters.span_bytes), BP_MIB);
    CHECK_EQ(bp_load_relaxed(&bp_counters.direct_bytes), BP_MIB);
    bp_sub_relaxed(&bp_counters.span_bytes, BP_MIB);
    CHECK(bp_limit_charge(&bp_counters.direct_bytes, BP_MIB));
}

static void excess_is_what_must_be_purged(void)
{
    bp_limit_init(100 * BP_MIB, SIZE_MAX);
    hold(40, 0, 0, 0);
    CHECK_EQ(bp_limit_excess_bytes(60 * BP_MIB), 0);
    hold(40, 0, 0, 50);
    CHECK_EQ(bp_limit_excess_bytes(10 * BP_MIB), 0);
    CHECK_EQ(bp_limit_excess_bytes(10 * BP_MIB + 1), 1);
    CHECK_EQ(bp_limit_excess_bytes(30 * BP_MIB), 20 * BP_MIB);
    CHECK_EQ(bp_limit_excess_bytes(60 * BP_MIB), 50 * BP_MIB);
    CHECK(bp_limit_excess_bytes(60 * BP_MIB + 1) == SIZE_MAX);
    CHECK(bp_limit_excess_bytes(SIZE_MAX) == SIZE_MAX);
    hold(101, 0, 0, 50);
    CHECK(bp_limit_excess_bytes(0) == SIZE_MAX);
}

// What the excess says is enough: once it is purged, the charge is admitted.
static void excess_suffices(void)
{
    bp_limit_init(100 * BP_MIB, SIZE_MAX);
    for (size_t used = 0; used <= 100; used += 20) {
        for (size_t wanted = 10; wanted <= 100; wanted += 30) {
            size_t dirty = 100 - used;
            hold(used, 0, 0, dirty);
            size_t excess = bp_limit_excess_bytes(wanted * BP_MIB);
            CHECK_FMT((excess == SIZE_MAX) == (used + wanted > 100), "%zu, %zu", used, wanted);
            if (excess == SIZE_MAX)
                continue;
            CHECK_EQ(excess, wanted * BP_MIB);
            bp_sub_relaxed(&bp_counters.dirty_bytes, excess);
            CHECK_FMT(charge(wanted), "%zu, %zu", used, wanted);
        }
    }
}

static void group_s_limit_refuses_nothing(void)
{
    bp_limit_init(0, 50 * BP_MIB);
    CHECK(bp_limit_is_set());
    CHECK_EQ(bp_limit_bytes(), 50 * BP_MIB);
    CHECK(charge(60));
    CHECK_EQ(bp_limit_room_bytes(), 0);
    CHECK_EQ(bp_limit_excess_bytes(BP_GIB), 0);
    hold(0, 20, 0, 0);
    CHECK_EQ(bp_limit_room_bytes(), 30 * BP_MIB);
}

static void the_lower_one_is_soft(void)
{
    bp_limit_init(100 * BP_MIB, 40 * BP_MIB);
    CHECK_EQ(bp_limit_bytes(), 40 * BP_MIB);
    CHECK(charge(70));
    CHECK_EQ(bp_limit_room_bytes(), 0);
    CHECK(!charge(31));
    bp_limit_init(100 * BP_MIB, BP_GIB);
    CHECK_EQ(bp_limit_bytes(), 100 * BP_MIB);
    CHECK_EQ(bp_limit_room_bytes(), 30 * BP_MIB);
}

// --- threads: never more than the limit is admitted, and what was refused is not left behind ---

enum { THREADS = 4, ROUNDS = 20000 };

static bp_atomic_size admitted, most_admitted;

static void *charge_and_return(void *unused)
{
    for (int i = 0; i < ROUNDS; i++) {
        if (!bp_limit_charge(&bp_counters.slot_bytes, BP_MIB))
            continue;
        size_t mine = bp_add_relaxed(&admitted, 1) + 1;
        if (mine > bp_load_relaxed(&most_admitted))
            bp_store_relaxed(&most_admitted, mine);
        bp_sub_relaxed(&admitted, 1);
        bp_sub_relaxed(&bp_counters.slot_bytes, BP_MIB);
    }
    return unused;
}

static void threads_never_exceed_it(void)
{
    pthread_t threads[THREADS];
    bp_limit_init(2 * BP_MIB, SIZE_MAX);
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, charge_and_return, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
    CHECK(bp_load_relaxed(&most_admitted) >= 1);
    CHECK(bp_load_relaxed(&most_admitted) <= 2);
    CHECK_EQ(bp_load_relaxed(&bp_counters.slot_bytes), 0);
    CHECK(charge(2));
}

UNIT_MAIN(UNIT_CASE(none_by_default), UNIT_CASE(none_if_nobody_has_one), UNIT_CASE(refuses_beyond),
          UNIT_CASE(all_that_is_held_counts), UNIT_CASE(charges_any_counter),
          UNIT_CASE(excess_is_what_must_be_purged), UNIT_CASE(excess_suffices),
          UNIT_CASE(group_s_limit_refuses_nothing), UNIT_CASE(the_lower_one_is_soft),
          UNIT_CASE(threads_never_exceed_it))
