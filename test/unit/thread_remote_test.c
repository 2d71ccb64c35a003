// SPDX-License-Identifier: MIT
// thread: blocks are freed by other threads than those that allocated them, while threads end, the
// process forks, and caches are given back.
#include "core/lock.h"
#include "hot_calls.h"
#include "thread/fork.h"

#include <pthread.h>

enum {
    WORKERS = 4,
    LIVES = 20,    // threads that one after the other do a worker's work
    STEPS = 12000, // of each
    INBOX = 96,
    HELD = 48,
    FORKS = 24,
    TRIMS = 200,
    LARGE_BYTES = 100000,
    LARGE_BLOCKS = 14, // more than a thread keeps for itself and in sight
    LARGE_ROUNDS = 8000
};

static const size_t sizes[] = {16, 48, 256, 1000, 4000, 9000, LARGE_BYTES, 300000};

// --- blocks on their way ---

static struct inbox {
    pthread_mutex_t lock;
    struct hot_block blocks[INBOX];
    size_t count;
} inboxes[WORKERS + 1]; // the last one is the main thread's

static bool inbox_put(struct inbox *to, const struct hot_block *block)
{
    pthread_mutex_lock(&to->lock);
    bool fits = to->count < INBOX;
    if (fits)
        to->blocks[to->count++] = *block;
    pthread_mutex_unlock(&to->lock);
    return fits;
}

static bool inbox_take(struct inbox *from, struct hot_block *ret_block)
{
    pthread_mutex_lock(&from->lock);
    bool any = from->count;
    if (any)
        *ret_block = from->blocks[--from->count];
    pthread_mutex_unlock(&from->lock);
    return any;
}

static void send(struct prng *r, struct hot_block *block)
{
    if (!inbox_put(&inboxes[prng_below(r, WORKERS + 1)], block))
        hot_block_free(block);
}

static void send_new(struct prng *r)
{
    struct hot_block block;
    size_t small = prng_below(r, 8) ? 6 : 8;
    hot_block_alloc(&block, sizes[prng_below(r, small)], prng_next(r));
    send(r, &block);
}

// What comes is whole; most of it ends here, some is written anew and goes on.
static void receive(struct prng *r, struct inbox *from)
{
    struct hot_block block;
    if (!inbox_take(from, &block))
        return;
    if (prng_below(r, 4)) {
        hot_block_free(&block);
        return;
    }
    CHECK_EQ(pattern_mismatch(block.start, hot_part(&block), block.seed), hot_part(&block));
    block.seed = prng_next(r);
    pattern_fill(block.start, hot_part(&block), block.seed);
    send(r, &block);
}

// --- threads that live and end ---

struct worker {
    pthread_t thread;
    struct inbox *inbox;
    uint64_t seed;
};

static size_t working;

static void *live(void *argument)
{
    struct worker *worker = argument;
    struct prng r = {worker->seed};
    for (int i = 0; i < STEPS; i++) {
        // Some allocate most of the time, others free.
        if (prng_below(&r, 4) < (worker->seed & 1 ? 3 : 1))
            send_new(&r);
        else
            receive(&r, worker->inbox);
    }
    return NULL;
}

static void *live_again_and_again(void *argument)
{
    struct worker *worker = argument;
    for (int i = 0; i < LIVES; i++, worker->seed += 2) {
        pthread_t thread;
        REQUIRE(pthread_create(&thread, NULL, live, worker) == 0);
        REQUIRE(pthread_join(thread, NULL) == 0);
    }
    __atomic_sub_fetch(&working, 1, __ATOMIC_RELEASE);
    return NULL;
}

static bool is_working(void)
{
    return __atomic_load_n(&working, __ATOMIC_ACQUIRE);
}

// --- the main thread: it holds blocks of others, forks and trims ---

static struct hot_block held[HELD];
static struct prng rng = {80};

static void hold_new(void)
{
    struct hot_block *place = &held[prng_below(&rng, HELD)], block;
    if (inbox_take(&inboxes[WORKERS], &block)) {
        hot_block_free(place);
        *place = block;
    }
}

static void release_held(void)
{
    for (int i = 0; i < HELD; i++)
        hot_block_free(&held[i]);
}

// Blocks of threads that are not here are as they were, and can be freed.
static void check_child(void)
{
    struct hot_block own[HELD] = {{NULL, 0, 0}};
    for (int i = 0; i < HELD; i++)
        hot_block_alloc(&own[i], sizes[(size_t)i % 8], prng_next(&rng));
    release_held();
    bp_request_trim();
    heap_check(bp_registry_own());
    for (int i = 0; i < HELD; i++)
        hot_block_free(&own[i]);
    bp_request_trim();
    heap_check(bp_registry_own());
}

static void main_step(int step, int *forks, int *trims)
{
    hold_new();
    if (step % 16 == 0 && *forks < FORKS) {
        ++*forks;
        unit_expect_pass("check_child", check_child);
    }
    if (step % 8 == 0 && *trims < TRIMS) {
        ++*trims;
        bp_request_trim();
    }
    bp_os_yield();
}

static void boot(void)
{
    thread_boot(BP_TIB);
    REQUIRE(bp_os_fork_register(bp_fork_prepare, bp_fork_parent, bp_fork_child) == 0);
    thread_heap();
    for (int i = 0; i <= WORKERS; i++)
        REQUIRE(pthread_mutex_init(&inboxes[i].lock, NULL) == 0);
}

static void check_nothing_is_left(void)
{
    bp_request_trim();
    for (uint32_t i = 0; i < bp_registry_count(); i++)
        heap_check(bp_registry_at(i));
    CHECK_EQ(span_bytes(), 0);
    CHECK_EQ(slot_bytes(), 0);
    CHECK_EQ(bp_load_relaxed(&bp_counters.direct_bytes), 0);
    CHECK_EQ(bp_load_relaxed(&bp_counters.dirty_bytes), 0);
}

// Blocks went through the depots, and back into their spans.
static void check_passage(void)
{
    size_t flushed = 0, sorted = 0;
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        flushed += bp_load_relaxed(&bp_tallies[i].flushed_objects);
        sorted += bp_load_relaxed(&bp_tallies[i].sorted_objects);
    }
    CHECK(flushed > 0 && sorted > 0);
    CHECK(bp_load_relaxed(&bp_counters.returns) > 0);
}

static uint32_t heaps_with_strays(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < bp_registry_count(); i++)
        count += bp_registry_at(i)->stray_seen != 0;
    return count;
}

static void blocks_end_in_other_threads(void)
{
    struct worker workers[WORKERS];
    int step = 0, forks = 0, trims = 0;
    boot();
    working = WORKERS;
    for (uint64_t i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.inbox = &inboxes[i], .seed = 1000 * i + (i & 1)};
        REQUIRE(!pthread_create(&workers[i].thread, NULL, live_again_and_again, &workers[i]));
    }
    for (; is_working(); step++)
        main_step(step, &forks, &trims);
    for (int i = 0; i < WORKERS; i++)
        REQUIRE(pthread_join(workers[i].thread, NULL) == 0);
    CHECK(forks > 0 && trims > 0);
    CHECK(heaps_with_strays() > 1);
    check_passage();
    for (int i = 0; i <= WORKERS; i++) {
        for (struct hot_block block; inbox_take(&inboxes[i], &block);)
            hot_block_free(&block);
    }
    release_held();
    check_nothing_is_left();
}

// --- slots in sight: their heap takes them back, others take them, others give them up ---

static void *work_with_slots(void *argument)
{
    struct hot_block blocks[LARGE_BLOCKS] = {{NULL, 0, 0}};
    struct prng r = {(uintptr_t)argument};
    for (int round = 0; round < LARGE_ROUNDS; round++) {
        size_t count = prng_below(&r, LARGE_BLOCKS) + 1;
        for (size_t i = 0; i < count; i++)
            hot_block_alloc(&blocks[i], LARGE_BYTES, prng_next(&r));
        if (prng_below(&r, 4) == 0)
            bp_os_yield();
        for (size_t i = 0; i < count; i++)
            hot_block_free(&blocks[i]);
    }
    __atomic_sub_fetch(&working, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void slots_in_sight_are_had_once(void)
{
    pthread_t threads[WORKERS];
    boot();
    working = WORKERS;
    for (uintptr_t i = 0; i < WORKERS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, work_with_slots, (void *)(i + 1)) == 0);
    for (int step = 0; is_working(); step++) {
        bp_os_yield();
        if (step % 4 == 0)
            bp_registry_flush();
        if (step % 32 == 0)
            bp_purge_down_to(0);
    }
    for (int i = 0; i < WORKERS; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
    CHECK(bp_load_relaxed(&bp_counters.steals) > 0);
    check_nothing_is_left();
}

UNIT_MAIN(UNIT_CASE(blocks_end_in_other_threads), UNIT_CASE(slots_in_sight_are_had_once))
