// SPDX-License-Identifier: MIT
// entry: boot by whoever comes first, under every misfortune; and what a thread then gets.
#include "bumpalloc/bumpalloc.h"
#include "core/counters.h"
#include "core/options.h"
#include "entry/entry.h"
#include "fault_hook.h"
#include "reserve/reserve.h"
#include "thread/registry.h"
#include "unit.h"

#include <limits.h>
#include <pthread.h>

enum { THREADS = 8 };

static pthread_barrier_t barrier;

static void *first_call(void *unused)
{
    pthread_barrier_wait(&barrier);
    char *object = bp_entry_malloc_slow(100);
    REQUIRE(object != NULL);
    memset(object, 'x', 100);
    CHECK(bp_reserve_owns(object));
    CHECK_NOT_NULL(bp_registry_own());
    bp_entry_free_slow(object);
    return unused;
}

static void one_thread_boots(void)
{
    pthread_t threads[THREADS];
    fault_none();
    CHECK_NULL(bp_hot.base);
    REQUIRE(pthread_barrier_init(&barrier, NULL, THREADS) == 0);
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, first_call, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
    CHECK_EQ(fault_plan.seen[BP_OS_RESERVE], 1);
    CHECK(bp_registry_count() <= THREADS + 1);
}

static void boot_is_silent_and_keeps_errno(void)
{
    char text[UNIT_TEXT];
    errno = 4711;
    CHECK_EQ(unit_capture(bp_entry_init, text), 0);
    CHECK_STR(text, "");
    bp_entry_free_slow(NULL);
    CHECK_NULL(bp_hot.base); // nothing to free is nothing to boot for
    void *object = bp_entry_malloc_slow(10);
    bp_entry_free_slow(object);
    CHECK_EQ(errno, 4711);
}

static void options_are_obeyed(void)
{
    REQUIRE(setenv("BUMPALLOC_RESERVE", "1G", 1) == 0);
    REQUIRE(setenv("BUMPALLOC_REALLOC_ZERO", "alloc", 1) == 0);
    void *object = bp_entry_malloc_slow(10);
    CHECK_EQ(bp_reservation.n_bytes, BP_GIB);
    CHECK_NOT_NULL(object);
    CHECK(bp_options.realloc_zero_allocates);
    CHECK_NOT_NULL(bp_entry_realloc(object, 0));
}

static void no_reservation_is_no_end(void)
{
    fault_all(BP_OS_RESERVE);
    char *object = bp_entry_malloc_slow(10);
    REQUIRE(object != NULL);
    CHECK_EQ(bp_reservation.n_bytes, 0);
    CHECK(bp_entry_usable_size(object) >= 10 && bump_owns(object));
    memset(object, 'x', 10);
    object = bp_entry_realloc(object, 100000);
    CHECK_EQ(object[9], 'x');
    bp_entry_free_slow(object);
}

// Memory that is short at the first call, and there again later: heaps like everybody's.
static void check_recovery(void)
{
    fault_none();
    size_t before = bp_load_relaxed(&bp_counters.committed_bytes);
    for (int i = 0; i < 1000; i++) {
        char *object = bp_entry_malloc_slow(16);
        REQUIRE(object != NULL);
        *object = 'x';
    }
    CHECK_NOT_NULL(bp_registry_own());
    size_t cost = bp_load_relaxed(&bp_counters.committed_bytes) +
                  bp_load_relaxed(&bp_counters.direct_bytes) - before;
    CHECK_FMT(cost < 16 * BP_MIB, "1000 objects of 16 bytes cost %zu bytes", cost);
}

static void failed_commits_at_boot_are_overcome(void)
{
    fault_all(BP_OS_COMMIT);
    void *object = bp_entry_malloc_slow(16);
    CHECK_NOT_NULL(object); // a direct mapping
    CHECK(bp_reservation.n_bytes > 0);
    check_recovery();
    bp_entry_free_slow(object);
}

static void no_memory_at_boot_is_overcome(void)
{
    fault_all(BP_OS_COMMIT);
    fault_plan.fail_from[BP_OS_MAP] = 1;
    fault_plan.fail_count[BP_OS_MAP] = ~0u;
    errno = 0;
    CHECK_NULL(bp_entry_malloc_slow(16));
    CHECK_EQ(errno, ENOMEM);
    CHECK_NULL(bp_entry_calloc_slow(100, 1000));
    check_recovery();
}

// A program may have taken all thread-specific keys there are: none of them is ours then.
static void foreign_keys_are_left_alone(void)
{
    static pthread_key_t keys[PTHREAD_KEYS_MAX];
    int count = 0;
    while (count < PTHREAD_KEYS_MAX && pthread_key_create(&keys[count], NULL) == 0) {
        REQUIRE(pthread_setspecific(keys[count], &keys[count]) == 0);
        count++;
    }
    REQUIRE(count > 0);
    void *object = bp_entry_malloc_slow(100);
    CHECK_NOT_NULL(object);
    for (int i = 0; i < count; i++)
        CHECK_FMT(pthread_getspecific(keys[i]) == &keys[i], "key %u was overwritten", keys[i]);
}

UNIT_MAIN(UNIT_CASE(one_thread_boots), UNIT_CASE(boot_is_silent_and_keeps_errno),
          UNIT_CASE(options_are_obeyed), UNIT_CASE(no_reservation_is_no_end),
          UNIT_CASE(failed_commits_at_boot_are_overcome), UNIT_CASE(no_memory_at_boot_is_overcome),
          UNIT_CASE(foreign_keys_are_left_alone))
