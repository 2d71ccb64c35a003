// SPDX-License-Identifier: MIT
// reserve: stamps come in order, from all threads, and compare across the end of the range.
#include "reserve/stamp.h"
#include "unit.h"

#include <pthread.h>

enum { THREADS = 4, STAMPS = 20000 };
static unsigned char seen[THREADS * STAMPS + 1];

static void come_in_order(void)
{
    uint32_t last = bp_stamp_next();
    CHECK(last != BP_STAMP_NEVER);
    for (int i = 0; i < 1000; i++) {
        uint32_t next = bp_stamp_next();
        CHECK(bp_stamp_older(last, next) && !bp_stamp_older(next, last));
        last = next;
    }
    CHECK(!bp_stamp_older(last, last));
}

static void compare_across_the_end(void)
{
    CHECK(bp_stamp_older(0xfffffff0u, 5));
    CHECK(!bp_stamp_older(5, 0xfffffff0u));
    CHECK(bp_stamp_older(0x7fffffffu, 0x80000000u));
    CHECK(!bp_stamp_older(0x80000000u, 0x7fffffffu));
}

static void *take_stamps(void *unused)
{
    for (int i = 0; i < STAMPS; i++) {
        uint32_t stamp = bp_stamp_next();
        REQUIRE(stamp != BP_STAMP_NEVER && stamp <= THREADS * STAMPS);
        __atomic_add_fetch(&seen[stamp], 1, __ATOMIC_RELAXED);
    }
    return unused;
}

static void are_taken_once(void)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, take_stamps, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
    for (int i = 1; i <= THREADS * STAMPS; i++)
        CHECK_FMT(seen[i] == 1, "stamp %d was taken %d times", i, seen[i]);
}

UNIT_MAIN(UNIT_CASE(come_in_order), UNIT_CASE(compare_across_the_end), UNIT_CASE(are_taken_once))
