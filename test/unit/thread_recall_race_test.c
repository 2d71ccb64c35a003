// SPDX-License-Identifier: MIT
// thread: heaps are called away while their threads work: in the middle of an operation, at the
// start and the end of a thread, around a fork, and all the time.
#include "thread/recall.h"

#include "core/lock.h"
#include "hot_calls.h"
#include "led_thread.h"
#include "thread/fork.h"

#include <time.h>

enum {
    CLASS = 16,
    OBJECTS = 40,
    LARGE_BYTES = 100000,
    LARGE_REGION = 1,
    LARGE_SLOTS = 4,
    HELD = 200
};

// --- within one operation of the hot path: its first half, the emptying, its second half ---

static struct bp_heap *heap_with_free_objects(void)
{
    void *objects[OBJECTS];
    thread_boot(BP_TIB);
    struct bp_heap *heap = thread_heap();
    for (int i = 0; i < OBJECTS; i++)
        objects[i] = bp_heap_alloc(heap, CLASS);
    for (int i = 0; i < OBJECTS; i++)
        heap_free(heap, objects[i]);
    REQUIRE(chain_length(bp_heap_own_bin(heap, CLASS)->head) > 3);
    return heap;
}

static void empty_meanwhile(struct bp_heap *heap)
{
    bp_heap_empty(heap);
    bp_large_empty(heap);
}

static void settle_and_check(struct bp_heap *heap, uint32_t expected_length)
{
    bp_heap_settle(heap);
    bp_large_settle(heap);
    CHECK_EQ(chain_length(bp_heap_own_bin(heap, CLASS)->head), expected_length);
    heap_check(heap);
}

// Each object of the class is had once: what the bin kept is not with the depot too.
static void check_no_object_twice(struct bp_heap *heap, const void *in_hand)
{
    static char *objects[4 * OBJECTS];
    for (int i = 0; i < 4 * OBJECTS; i++) {
        objects[i] = bp_heap_alloc(heap, CLASS);
        REQUIRE(objects[i] != NULL);
        CHECK(objects[i] != in_hand);
        memset(objects[i], 0, 16);
    }
    for (int i = 0; i < 4 * OBJECTS; i++) {
        CHECK_FMT(objects[i][0] == 0, "object %d was handed out twice", i);
        objects[i][0] = 1;
    }
    heap_check(heap);
}

static void a_pop_that_has_read_its_link(void)
{
    struct bp_heap *heap = heap_with_free_objects();
    struct bp_bin *bin = bp_heap_own_bin(heap, CLASS);
    void **object = bin->head, *next = *object;
    empty_meanwhile(heap);
    bin->head = next;
    bin->room++;
    memset(object, 0xff, 16); // its user's now
    settle_and_check(heap, 1);
    check_no_object_twice(heap, object);
}

static void a_pop_that_has_not_counted(void)
{
    struct bp_heap *heap = heap_with_free_objects();
    struct bp_bin *bin = bp_heap_own_bin(heap, CLASS);
    void **object = bin->head;
    bin->head = *object;
    memset(object, 0xff, 16);
    empty_meanwhile(heap);
    bin->room++;
    settle_and_check(heap, 2);
    check_no_object_twice(heap, object);
}

static void a_push_that_has_linked(void)
{
    struct bp_heap *heap = heap_with_free_objects();
    struct bp_bin *bin = bp_heap_own_bin(heap, CLASS);
    void **object = bp_heap_alloc(heap, CLASS);
    uint32_t room = bin->room - 1;
    *object = bin->head;
    empty_meanwhile(heap);
    bin->head = object;
    bin->room = room;
    settle_and_check(heap, 3);
    check_no_object_twice(heap, NULL);
}

static void a_bump(void)
{
    struct bp_heap *heap = heap_with_free_objects();
    struct bp_bin *bin = bp_heap_own_bin(heap, CLASS);
    while (bin->head ||
           bp_heap_own_bin(heap, CLASS)->run.cursor == bp_heap_own_bin(heap, CLASS)->run.limit)
        REQUIRE(bp_heap_alloc(heap, CLASS) != NULL);
    char *object = bp_heap_own_bin(heap, CLASS)->run.cursor;
    empty_meanwhile(heap);
    bp_heap_own_bin(heap, CLASS)->run.cursor = object + bin->object_bytes;
    settle_and_check(heap, 0);
    check_no_object_twice(heap, object);
}

static struct bp_heap *heap_with_slots(void *ret_slots[LARGE_SLOTS])
{
    thread_boot(BP_TIB);
    struct bp_heap *heap = thread_heap();
    for (int i = 0; i < LARGE_SLOTS; i++)
        ret_slots[i] = bp_large_alloc(heap, LARGE_BYTES, 16, false);
    for (int i = 0; i < LARGE_SLOTS; i++)
        bp_large_free(heap, ret_slots[i]);
    CHECK_EQ(heap->slots[LARGE_REGION].own_count, LARGE_SLOTS);
    return heap;
}

static void a_slot_that_is_being_taken(void)
{
    void *slots[LARGE_SLOTS];
    struct bp_heap *heap = heap_with_slots(slots);
    struct bp_slot_cache *cache = &heap->slots[LARGE_REGION];
    struct bp_own_slot top = cache->own[cache->own_count - 1];
    empty_meanwhile(heap);
    cache->own_count--;
    top.slot->usable_bytes = bp_align_up(LARGE_BYTES, 4096);
    top.slot->state = BP_SLOT_USED;
    settle_and_check(heap, 0);
    CHECK_EQ(cache->own_count, 0);
    for (int i = 0; i < 2 * LARGE_SLOTS; i++)
        CHECK(bp_large_alloc(heap, LARGE_BYTES, 16, false) != top.object);
    CHECK_EQ(bp_large_free(heap, top.object), BP_DONE);
}

static void a_slot_that_is_being_kept(void)
{
    void *slots[LARGE_SLOTS];
    struct bp_heap *heap = heap_with_slots(slots);
    struct bp_slot_cache *cache = &heap->slots[LARGE_REGION];
    struct bp_own_slot top = {bp_large_alloc(heap, LARGE_BYTES, 16, false), NULL};
    CHECK_EQ(cache->own_count, LARGE_SLOTS - 1);
    top.slot = bp_region_find(LARGE_REGION, top.object);
    top.slot->state = BP_SLOT_CACHED;
    empty_meanwhile(heap);
    cache->own[cache->own_count++] = top;
    settle_and_check(heap, 0);
    CHECK_EQ(cache->own_count, 2);
    CHECK_PTR(bp_large_alloc(heap, LARGE_BYTES, 16, false), top.object);
    CHECK(bp_large_alloc(heap, LARGE_BYTES, 16, false) != top.object);
}

// --- the start of a thread, held in the moment when it has given the registry lock ---

void __real_bp_os_wake(bp_atomic_u32 *cell);
void __wrap_bp_os_wake(bp_atomic_u32 *cell);

static pthread_t held_thread;
static bp_atomic_u32 hold; // set when held_thread is; no _Thread_local: that allocates on Windows
static sem_t is_held, may_go_on;

void __wrap_bp_os_wake(bp_atomic_u32 *cell)
{
    __real_bp_os_wake(cell);
    // pairs with the release below: whose it is
    if (!bp_load_u32_acquire(&hold) || !pthread_equal(pthread_self(), held_thread))
        return;
    bp_store_u32_relaxed(&hold, false);
    sem_post(&is_held);
    led_wait(&may_go_on);
}

static struct led other;
static struct bp_heap *theirs;
static sem_t is_starting;

static void attach_and_fill(void *unused)
{
    (void)unused;
    held_thread = pthread_self();
    bp_store_u32_release(&hold, true); // pairs with the acquire above
    sem_post(&is_starting);
    bp_registry_attach();
}

static void fill_and_look(void *unused)
{
    static void *objects[OBJECTS];
    (void)unused;
    theirs = bp_registry_own();
    REQUIRE(theirs != NULL);
    for (int i = 0; i < OBJECTS; i++)
        objects[i] = hot_malloc(256);
    for (int i = 0; i < OBJECTS; i++)
        hot_free(objects[i]);
}

static void fill_and_look_new(void *unused)
{
    bp_registry_attach();
    fill_and_look(unused);
}

static void come_home(void *unused)
{
    (void)unused;
    CHECK_PTR(bp_heap_tls, &bp_heap_away);
    CHECK_PTR(bp_registry_own(), theirs);
    heap_check(theirs);
}

static void recall_other(void)
{
    bp_recall_begin();
    bp_recall_finish();
}

// A heap that its thread works with is never one that counts as away.
static void check_at_home(void *unused)
{
    (void)unused;
    CHECK_PTR(bp_heap_tls, &theirs->hot);
    CHECK(!theirs->away && !theirs->emptied);
    heap_check(theirs);
}

static void sleep_ms(long ms)
{
    struct timespec nap = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&nap, NULL);
}

static void a_thread_that_gets_its_heap(void)
{
    thread_boot(BP_TIB);
    thread_heap();
    REQUIRE(!sem_init(&is_held, 0, 0) && !sem_init(&may_go_on, 0, 0) &&
            !sem_init(&is_starting, 0, 0));
    led_start(&other);
    bp_lock_take(bp_registry_lock());
    led_begin(&other, attach_and_fill, NULL);
    led_wait(&is_starting);
    while (bp_load_u32_relaxed(&bp_registry_lock()->state) != 2)
        sleep_ms(1);
    bp_lock_give(bp_registry_lock());
    led_wait(&is_held);
    bp_recall_begin();
    sem_post(&may_go_on);
    led_finish(&other);
    led_do(&other, fill_and_look, NULL);
    led_do(&other, check_at_home, NULL);
    bp_recall_finish(); // of the round that began before
    led_do(&other, fill_and_look, NULL);
    led_do(&other, check_at_home, NULL);
    led_end(&other);
}

// --- around a fork ---

static void boot_for_forks(void)
{
    thread_boot(BP_TIB);
    REQUIRE(bp_os_fork_register(bp_fork_prepare, bp_fork_parent, bp_fork_child) == 0);
    thread_heap();
    led_start(&other);
    led_do(&other, fill_and_look_new, NULL);
}

static void check_child(void)
{
    CHECK_EQ(theirs->state, BP_HEAP_EMPTY);
    CHECK(!theirs->away && !theirs->emptied && !theirs->tls);
    struct bp_heap *own = bp_registry_own();
    REQUIRE(own != NULL && own != theirs);
    fill_and_look(NULL);
    heap_check(own);
    bp_recall_begin();
    bp_recall_finish();
    CHECK_PTR(bp_registry_own(), own);
    if (!UNIT_CHILD_STARTS_THREADS)
        return;
    led_start(&other);
    led_do(&other, fill_and_look_new, NULL);
    recall_other();
    led_do(&other, come_home, NULL);
    led_end(&other);
}

static void forks_while_others_are_away(void)
{
    boot_for_forks();
    bp_recall_begin();
    unit_expect_pass("away", check_child);
    bp_recall_finish();
    unit_expect_pass("emptied", check_child);
    led_do(&other, come_home, NULL);
    unit_expect_pass("at home", check_child);
    led_end(&other);
}

static void recall_from_there(void *unused)
{
    (void)unused;
    recall_other();
}

// The thread that forks was called away itself.
static void forks_while_it_is_away(void)
{
    boot_for_forks();
    struct bp_heap *own = bp_registry_own();
    led_do(&other, recall_from_there, NULL);
    CHECK_PTR(bp_heap_tls, &bp_heap_away);
    CHECK(own->away);
    unit_expect_pass("away", check_child);
    CHECK_PTR(bp_registry_own(), own);
    heap_check(own);
    led_end(&other);
}

// --- all the time ---

static bool stop;

static void work(struct prng *r, struct hot_block blocks[HELD], int steps)
{
    while (steps--) {
        struct hot_block *block = &blocks[prng_below(r, HELD)];
        bool large = prng_below(r, 16) == 0;
        if (block->start)
            hot_block_free(block);
        else
            hot_block_alloc(block, prng_size(r, large ? 400000 : 2000) + 1, prng_next(r));
    }
}

static void *work_until_stopped(void *seed)
{
    struct prng r = {(uintptr_t)seed};
    struct hot_block blocks[HELD] = {{NULL, 0, 0}};
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        work(&r, blocks, 2000);
        if (prng_below(&r, 8) == 0)
            sleep_ms(1); // idle for a while
    }
    for (int i = 0; i < HELD; i++)
        hot_block_free(&blocks[i]);
    return NULL;
}

static void *work_briefly(void *seed)
{
    struct prng r = {(uintptr_t)seed};
    struct hot_block blocks[HELD] = {{NULL, 0, 0}};
    work(&r, blocks, 500);
    for (int i = 0; i < HELD; i++)
        hot_block_free(&blocks[i]);
    return NULL;
}

// Threads that start and end, one after the other.
static void *start_threads_until_stopped(void *seed)
{
    for (uintptr_t i = (uintptr_t)seed; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++) {
        pthread_t thread;
        REQUIRE(pthread_create(&thread, NULL, work_briefly, (void *)i) == 0);
        REQUIRE(pthread_join(thread, NULL) == 0);
    }
    return NULL;
}

static void *recall_until_stopped(void *unused)
{
    for (unsigned i = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++) {
        recall_other();
        if (i % 64 == 0)
            bp_request_trim();
    }
    return unused;
}

static void run_all(void *(*const bodies[])(void *), int count, long ms)
{
    pthread_t threads[8];
    for (int i = 0; i < count; i++)
        REQUIRE(!pthread_create(&threads[i], NULL, bodies[i], (void *)(uintptr_t)(1000 * i + 1)));
    sleep_ms(ms);
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (int i = 0; i < count; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
}

static void check_accounts(void)
{
    for (uint32_t i = 0; i < bp_registry_count(); i++) {
        heap_check(bp_registry_at(i));
        CHECK_EQ(bp_load_u32_relaxed(&bp_registry_at(i)->visits), 0);
        CHECK(!bp_registry_at(i)->away && !bp_registry_at(i)->emptied);
    }
    bp_request_trim();
    CHECK_EQ(span_bytes(), 0);
    CHECK_EQ(slot_bytes(), 0);
    CHECK_EQ(bp_load_relaxed(&bp_counters.direct_bytes), 0);
    CHECK_EQ(bp_load_relaxed(&bp_counters.dirty_bytes), 0);
}

static void workers_are_called_all_the_time(void)
{
    static void *(*const bodies[])(void *) = {work_until_stopped, work_until_stopped,
                                              work_until_stopped, recall_until_stopped};
    thread_boot(BP_TIB);
    run_all(bodies, 4, 1500);
    check_accounts();
}

static void starting_threads_are_called_too(void)
{
    static void *(*const bodies[])(void *) = {start_threads_until_stopped,
                                              start_threads_until_stopped, recall_until_stopped};
    thread_boot(BP_TIB);
    run_all(bodies, 3, 1000);
    check_accounts();
}

static void two_call_at_once(void)
{
    static void *(*const bodies[])(void *) = {work_until_stopped, work_until_stopped,
                                              recall_until_stopped, recall_until_stopped};
    thread_boot(BP_TIB);
    run_all(bodies, 4, 1500);
    check_accounts();
}

UNIT_MAIN(UNIT_CASE(a_pop_that_has_read_its_link), UNIT_CASE(a_pop_that_has_not_counted),
          UNIT_CASE(a_push_that_has_linked), UNIT_CASE(a_bump),
          UNIT_CASE(a_slot_that_is_being_taken), UNIT_CASE(a_slot_that_is_being_kept),
          UNIT_CASE(a_thread_that_gets_its_heap), UNIT_CASE(forks_while_others_are_away),
          UNIT_CASE(forks_while_it_is_away), UNIT_CASE(workers_are_called_all_the_time),
          UNIT_CASE(starting_threads_are_called_too), UNIT_CASE(two_call_at_once))
