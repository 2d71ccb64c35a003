// SPDX-License-Identifier: MIT
// thread: fork while other threads allocate; the child works on as if nothing had been.
#include "core/lock.h"
#include "fault_hook.h"
#include "region/direct.h"
#include "reserve/chunks.h"
#include "thread/boot.h"
#include "thread/fork.h"
#include "thread/request.h"
#include "thread/worker.h"
#include "thread_unit.h"

#include <pthread.h>

enum { THREADS = 3, FORKS = 60, HELD = 64 };

static bool stop;
static int started;

static void boot(size_t reserve_bytes)
{
    thread_boot(reserve_bytes);
    REQUIRE(bp_os_fork_register(bp_fork_prepare, bp_fork_parent, bp_fork_child) == 0);
    thread_heap();
}

static void each_lock(void (*check)(const struct bp_lock *))
{
    check(bp_registry_common_lock());
    check(bp_registry_lock());
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
        check(bp_depot_lock(i));
    for (unsigned region = 0; region < BP_REGION_COUNT; region++)
        check(bp_region_lock(region));
    check(bp_chunks_lock());
    check(bp_direct_lock());
}

static void check_held(const struct bp_lock *lock)
{
    CHECK_EQ(bp_load_u32_relaxed(&lock->state), 1);
}

static void check_free(const struct bp_lock *lock)
{
    CHECK_EQ(bp_load_u32_relaxed(&lock->state), 0);
}

static void every_lock_is_taken_and_given(void)
{
    boot(BP_TIB);
    each_lock(check_free);
    bp_fork_prepare();
    each_lock(check_held);
    bp_fork_parent();
    each_lock(check_free);
    bp_fork_prepare();
    bp_fork_child();
    each_lock(check_free);
    CHECK(!bp_span_notes_lost);
}

// --- work: blocks of all kinds, each with its pattern ---

struct block {
    char *start;
    size_t n_bytes;
    uint64_t id;
};

static void block_toggle(struct block *block, struct prng *r)
{
    size_t part = block->n_bytes < 64 ? block->n_bytes : 64;
    if (block->start) {
        CHECK_FMT(pattern_mismatch(block->start, part, block->id) == part, "%zu bytes at %p",
                  block->n_bytes, (void *)block->start);
        CHECK_EQ(bp_request_free(block->start), BP_DONE);
        block->start = NULL;
        return;
    }
    block->n_bytes = prng_size(r, 400000) + 1;
    block->id = prng_next(r);
    block->start = bp_request_alloc(block->n_bytes, 16, false);
    REQUIRE(block->start != NULL);
    pattern_fill(block->start, block->n_bytes < 64 ? block->n_bytes : 64, block->id);
}

static void work(struct block *blocks, struct prng *r, int steps)
{
    while (steps--)
        block_toggle(&blocks[prng_below(r, HELD)], r);
}

static void *work_until_stopped(void *seed)
{
    struct prng r = {(uint64_t)(uintptr_t)seed};
    struct block blocks[HELD] = {{NULL, 0, 0}};
    bp_registry_attach();
    __atomic_add_fetch(&started, 1, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        work(blocks, &r, 50);
        if (prng_below(&r, 20) == 0)
            bp_request_trim();
    }
    for (int i = 0; i < HELD; i++) {
        if (blocks[i].start)
            block_toggle(&blocks[i], &r);
    }
    return NULL;
}

static struct block held[HELD];
static struct prng rng = {70};

// Blocks of the parent's are there, every kind of request works, records are used again.
static void check_child(void)
{
    uint32_t count = bp_registry_count(), live = 0;
    each_lock(check_free);
    for (uint32_t i = 0; i < count; i++)
        live += bp_registry_at(i)->state == BP_HEAP_LIVE;
    CHECK_EQ(live, 1); // this thread's
    CHECK(bp_span_notes_lost);
    work(held, &rng, 500);
    heap_check(bp_registry_own());
    bp_request_trim();
    work(held, &rng, 500);
    struct bp_heap *own = bp_registry_own();
    bp_heap_tls = (struct bp_heap_hot *)&bp_heap_none;
    struct bp_heap *other = thread_heap();
    CHECK(other != own && bp_registry_count() == count);
    work(held, &rng, 500);
    heap_check(other);
}

static void fork_among_threads(void)
{
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, work_until_stopped, (void *)(i + 1)) == 0);
    while (__atomic_load_n(&started, __ATOMIC_ACQUIRE) < THREADS)
        bp_os_yield();
    for (int i = 0; i < FORKS && !check_failures; i++) {
        work(held, &rng, 20);
        unit_expect_pass("check_child", check_child);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
    for (int i = 0; i < HELD; i++) {
        if (held[i].start)
            block_toggle(&held[i], &rng);
    }
    bp_request_trim();
    CHECK_EQ(span_bytes(), 0);
    CHECK_EQ(slot_bytes(), 0);
    CHECK_EQ(bp_load_relaxed(&bp_counters.direct_bytes), 0);
}

static void forks_among_threads(void)
{
    boot(BP_TIB);
    fork_among_threads();
}

static void forks_without_class_regions(void)
{
    boot(BP_GIB);
    fork_among_threads();
}

// A thread that forks before it has a heap.
static void check_new_child(void)
{
    CHECK_NULL(bp_registry_own());
    work(held, &rng, 100);
    thread_heap();
    work(held, &rng, 100);
}

static void forks_without_a_heap(void)
{
    boot(BP_TIB);
    bp_heap_tls = (struct bp_heap_hot *)&bp_heap_none;
    unit_expect_pass("check_new_child", check_new_child);
}

// The hooks tell the child that it has no worker.
static void check_unhooked_child(void)
{
    CHECK_EQ(bp_load_u32_relaxed(&bp_worker_state), BP_WORKER_REFUSED);
}

static void check_hooked_child(void)
{
    CHECK_EQ(bp_load_u32_relaxed(&bp_worker_state), BP_WORKER_NONE);
}

// Each further thread tries, until they are there; and then none.
static void refused_hooks_come_later(void)
{
    fault_some(BP_OS_FORK, 1, 2);
    bp_boot(NULL);
    bp_store_u32_relaxed(&bp_worker_state, BP_WORKER_REFUSED);
    bp_boot_thread(NULL);
    CHECK_EQ(fault_plan.seen[BP_OS_FORK], 2);
    unit_expect_pass("check_unhooked_child", check_unhooked_child);
    bp_boot(NULL);
    bp_boot(NULL);
    CHECK_EQ(fault_plan.seen[BP_OS_FORK], 3);
    unit_expect_pass("check_hooked_child", check_hooked_child);
}

UNIT_MAIN(UNIT_CASE(every_lock_is_taken_and_given), UNIT_CASE(forks_among_threads),
          UNIT_CASE(forks_without_class_regions), UNIT_CASE(forks_without_a_heap),
          UNIT_CASE(refused_hooks_come_later))
