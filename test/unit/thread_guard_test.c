// SPDX-License-Identifier: MIT
// thread: how many objects are guarded of those that are asked for, where they stand, and what
// happens when there is no place, or no memory for one.
#include "fault_hook.h"
#include "guard/guard.h"
#include "profile/profile.h"
#include "thread/counted.h"
#include "thread/request.h"
#include "thread_unit.h"

enum { ROUNDS = 40000, SMALL_PLACES = 4096 };

static void boot(size_t every)
{
    thread_boot(4 * BP_GIB);
    REQUIRE(bp_guard_start(every) == 0);
    thread_heap();
}

static size_t guards(void)
{
    return bp_load_relaxed(&bp_counters.guards);
}

static void *alloc(size_t n_bytes)
{
    void *object = bp_request_alloc(n_bytes, 16, false);
    REQUIRE(object != NULL);
    memset(object, 7, n_bytes);
    return object;
}

static void churn(int rounds)
{
    static const size_t sizes[] = {16, 100, 100, 24, 3000};
    void *kept[7] = {NULL};
    for (int i = 0; i < rounds; i++) {
        void **at = &kept[i % 7];
        if (*at)
            CHECK_EQ(bp_request_free(*at), BP_DONE);
        *at = alloc(sizes[i % 5]);
    }
    for (int i = 0; i < 7; i++)
        CHECK_EQ(bp_request_free(kept[i]), BP_DONE);
}

// Within five standard deviations of the binomial distribution.
static void one_in_so_many(size_t every)
{
    size_t before = guards(), mean = ROUNDS / every, slack = 1;
    while (slack * slack < 25 * mean)
        slack++;
    bp_guard_stop();
    bp_store_relaxed(&bp_guard_every, every);
    churn(ROUNDS);
    size_t seen = guards() - before;
    CHECK_FMT(seen + slack >= mean && seen <= mean + slack, "%zu of %d at one in %zu", seen, ROUNDS,
              every);
    CHECK_EQ(bp_load_relaxed(&bp_counters.guarded_objects), 0);
    CHECK_EQ(bp_load_relaxed(&bp_counters.guarded_bytes), 0);
}

static void each_of_them(void)
{
    size_t before = guards();
    bp_store_relaxed(&bp_guard_every, 1);
    bp_counted_update(thread_heap());
    churn(1000);
    CHECK_EQ(guards() - before, 1000);
}

// Seldom ones come through windows: some do, and no more than one a pause.
static void seldom(void)
{
    size_t before = guards();
    uint64_t begin_us = bp_os_now_ns() / 1000;
    bp_store_relaxed(&bp_guard_every, BP_GUARD_SELDOM);
    for (int i = 0; i < 200 && guards() - before < 3; i++) {
        churn(ROUNDS / 4);
        bp_heap_flush(thread_heap());
    }
    size_t spent_us = bp_os_now_ns() / 1000 - begin_us;
    CHECK_FMT(guards() - before >= 3, "%zu guards", guards() - before);
    CHECK(guards() - before <= spent_us / BP_GUARD_PAUSE_US + 1);
}

static void at_both_ends_and_aligned(void)
{
    size_t page = bp_os_page_bytes(), ends = 0, begins = 0, n_bytes;
    bp_store_relaxed(&bp_guard_every, 1);
    for (size_t i = 0; i < 400; i++) {
        size_t align = (size_t)16 << i % 6, wanted = 1 + i * 37 % 5000;
        char *object = bp_request_alloc(wanted, align, true);
        REQUIRE(object && bp_guard_owns(object));
        CHECK_EQ((size_t)object % align, 0);
        CHECK(bp_guard_find(object, &n_bytes) && n_bytes == wanted);
        CHECK(!bp_guard_find(object + 1, &n_bytes));
        for (size_t at = 0; at < wanted; at++)
            CHECK(!object[at]);
        memset(object, 1, wanted);
        begins += (size_t)object % page == 0;
        ends += ((size_t)object + wanted + align - 1) % page < align;
        CHECK_EQ(bp_request_free(object), BP_DONE);
    }
    CHECK_FMT(begins > 100 && ends > 100, "%zu at begins, %zu at ends", begins, ends);
}

// When all places are taken the rest goes without; a place comes back after many others.
static void places_run_out(void)
{
    static void *kept[SMALL_PLACES + 100];
    size_t refused = bp_load_relaxed(&bp_counters.guards_refused), guarded = 0, n_bytes;
    bp_store_relaxed(&bp_guard_every, 1);
    for (int i = 0; i < SMALL_PLACES + 100; i++) {
        kept[i] = alloc(64);
        guarded += bp_guard_find(kept[i], &n_bytes);
    }
    CHECK_FMT(guarded <= SMALL_PLACES && guarded >= SMALL_PLACES - 200, "%zu guarded", guarded);
    CHECK(bp_load_relaxed(&bp_counters.guards_refused) > refused);
    for (int i = 0; i < SMALL_PLACES + 100; i++)
        CHECK_EQ(bp_request_free(kept[i]), BP_DONE);
    void *first = alloc(64);
    REQUIRE(bp_guard_owns(first));
    bp_request_free(first);
    for (int i = 0; i < 128; i++) {
        void *other = alloc(64);
        CHECK(other != first);
        bp_request_free(other);
    }
}

static void refused_memory_is_done_without(void)
{
    bp_store_relaxed(&bp_guard_every, 1);
    fault_none();
    fault_plan.fail_from[BP_OS_COMMIT] = 1;
    fault_plan.fail_count[BP_OS_COMMIT] = 1000;
    void *object = alloc(64);
    CHECK(!bp_guard_owns(object));
    fault_none();
    CHECK_EQ(bp_request_free(object), BP_DONE);
    bp_os_fault_hook = NULL;
    object = alloc(64);
    CHECK(bp_guard_owns(object));
    // Nor does a guard that cannot be closed harm anybody.
    fault_none();
    fault_plan.fail_from[BP_OS_COMMIT] = 1;
    fault_plan.fail_count[BP_OS_COMMIT] = 1;
    CHECK_EQ(bp_request_free(object), BP_DONE);
    bp_os_fault_hook = NULL;
}

// Both at once: sums of what was freed are 0 to the byte, and each guard has gone.
static void beside_the_profile(void)
{
    struct bp_sample_counts counts;
    size_t before = guards();
    bp_store_relaxed(&bp_guard_every, 3);
    CHECK_EQ(bp_profile_start(2000), 0);
    churn(ROUNDS);
    bp_profile_stop();
    bp_samples_count(&counts);
    CHECK(counts.taken > 100 && guards() - before > ROUNDS / 6);
    CHECK_EQ(counts.live_samples, 0);
    CHECK_EQ(counts.live.n_bytes, 0);
    CHECK_EQ(bp_load_relaxed(&bp_counters.guarded_objects), 0);
}

static void resized(void)
{
    size_t n_bytes;
    enum bp_verdict verdict;
    bp_store_relaxed(&bp_guard_every, 1);
    char *object = alloc(200);
    REQUIRE(bp_guard_owns(object));
    CHECK(bp_request_resize(object, 150, &verdict) == object);
    CHECK_EQ(bp_request_usable(object, &verdict), 150);
    bp_guard_stop();
    char *moved = bp_request_resize(object, 3000, &verdict);
    REQUIRE(moved && moved != object);
    CHECK(moved[0] == 7 && moved[149] == 7);
    CHECK(!bp_guard_find(object, &n_bytes));
    bp_request_usable(object, &verdict);
    CHECK_EQ(verdict, BP_INVALID);
    CHECK_EQ(bp_request_free(moved), BP_DONE);
}

int main(void)
{
    check_begin();
    boot(1);
    each_of_them();
    one_in_so_many(2);
    one_in_so_many(10);
    one_in_so_many(50);
    at_both_ends_and_aligned();
    resized();
    beside_the_profile();
    refused_memory_is_done_without();
    seldom();
    places_run_out();
    return check_end();
}
