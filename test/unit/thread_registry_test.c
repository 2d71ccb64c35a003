// SPDX-License-Identifier: MIT
// thread: who has which heap; what becomes of the heaps of threads that end.
#include "core/lock.h"
#include "fault_hook.h"
#include "thread_unit.h"

#include <pthread.h>

enum { CLASS = 16, MANY = 40, PARKED_MAX = 4 };

static void run_thread(void *(*body)(void *), void *argument)
{
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, body, argument) == 0);
    REQUIRE(pthread_join(thread, NULL) == 0);
}

static struct bp_heap *common(void)
{
    return bp_registry_at(0);
}

// This thread forgets its heap, as if it were another thread.
static void become_another(void)
{
    bp_heap_tls = (struct bp_heap_hot *)&bp_heap_none;
}

static void common_heap_comes_first(void)
{
    thread_boot(256 * BP_MIB);
    CHECK_EQ(bp_registry_count(), 1);
    CHECK_EQ(common()->state, BP_HEAP_EMPTY);
    CHECK_NULL(bp_registry_own());
    struct bp_heap *borrowed = bp_registry_borrow();
    CHECK_PTR(borrowed, common());
    CHECK_EQ(common()->state, BP_HEAP_LIVE);
    CHECK_EQ(bp_load_u32_relaxed(&bp_registry_common_lock()->state), 1);
    bp_registry_return(borrowed);
    CHECK_EQ(bp_load_u32_relaxed(&bp_registry_common_lock()->state), 0);
}

static void attached_threads_use_their_own(void)
{
    thread_boot(256 * BP_MIB);
    struct bp_heap *heap = thread_heap();
    CHECK(heap != common());
    CHECK_EQ(bp_registry_count(), 2);
    CHECK_PTR(bp_heap_tls, &heap->hot);
    CHECK_PTR(bp_registry_borrow(), heap);
    CHECK_EQ(bp_load_u32_relaxed(&bp_registry_common_lock()->state), 0);
    bp_registry_return(heap);
    bp_registry_attach();
    CHECK_PTR(bp_registry_own(), heap);
    for (size_t n = 0; n <= BP_SMALL_MAX; n++)
        CHECK_EQ(heap->hot.key[(n + 15) / 16], bp_key(bp_class_for(n), heap->owner));
    heap_check(heap);
}

static void without_a_reservation_there_are_none(void)
{
    CHECK(!bp_registry_init());
    bp_registry_attach();
    CHECK_NULL(bp_registry_own());
    CHECK_NULL(bp_registry_borrow());
    bp_registry_return(NULL);
    bp_registry_flush();
    CHECK_EQ(bp_registry_count(), 0);
}

static void *remember_heap(void *ret_heap)
{
    *(struct bp_heap **)ret_heap = thread_heap();
    return NULL;
}

static void threads_have_heaps_of_their_own(void)
{
    struct bp_heap *mine, *other;
    thread_boot(256 * BP_MIB);
    mine = thread_heap();
    run_thread(remember_heap, &other);
    CHECK(other != mine && other != common());
    CHECK_EQ(other->state, BP_HEAP_PARKED);
    CHECK_EQ(mine->state, BP_HEAP_LIVE);
}

// --- adoption ---

static void *leave_an_object(void *ret_object)
{
    struct bp_heap *heap = thread_heap();
    void *object = bp_heap_alloc(heap, CLASS), *other = bp_heap_alloc(heap, CLASS);
    heap_free(heap, other);
    heap_free(heap, object);
    *(void **)ret_object = object;
    return NULL;
}

static void *take_an_object(void *ret_object)
{
    *(void **)ret_object = bp_heap_alloc(thread_heap(), CLASS);
    return NULL;
}

static void next_thread_inherits(void)
{
    void *left = NULL, *taken = NULL;
    thread_boot(256 * BP_MIB);
    run_thread(leave_an_object, &left);
    uint32_t count = bp_registry_count();
    run_thread(take_an_object, &taken);
    CHECK(left && left == taken);
    CHECK_EQ(bp_registry_count(), count);
}

// The heap that was parked last is the warmest.
static void newest_parked_first(void)
{
    thread_boot(256 * BP_MIB);
    struct bp_heap *first = thread_heap();
    become_another();
    struct bp_heap *second = thread_heap();
    bp_registry_thread_ended(first);
    bp_registry_thread_ended(second);
    become_another();
    CHECK_PTR(thread_heap(), second);
    become_another();
    CHECK_PTR(thread_heap(), first);
}

// A magazine of each of a few classes.
static void keep_much(struct bp_heap *heap)
{
    for (unsigned i = 1; i < BP_CLASS_COUNT; i += 24) {
        void *objects[4096];
        uint32_t count = bp_class[i].magazine_capacity;
        REQUIRE(count <= 4096);
        for (uint32_t at = 0; at < count; at++)
            objects[at] = bp_heap_alloc(heap, i);
        for (uint32_t at = 0; at < count; at++)
            heap_free(heap, objects[at]);
    }
}

// What a heap keeps counts, not what it may keep; and what all keep together.
static void parked_heaps_keep_little(void)
{
    enum { KEPT_MAX = 256 << 10 };
    size_t kept = 0, parked = 0, refused = 0;
    struct bp_heap *heaps[PARKED_MAX];
    thread_boot(BP_TIB);
    for (int i = 0; i < PARKED_MAX; i++) {
        become_another();
        heaps[i] = thread_heap();
        CHECK_EQ(bp_heap_kept_bytes(heaps[i]), 0);
        keep_much(heaps[i]);
    }
    for (int i = 0; i < PARKED_MAX; i++) {
        size_t more = bp_heap_kept_bytes(heaps[i]);
        CHECK(more > KEPT_MAX / PARKED_MAX);
        bool fits = kept + more <= KEPT_MAX;
        bp_registry_thread_ended(heaps[i]);
        CHECK_EQ(heaps[i]->state, fits ? BP_HEAP_PARKED : BP_HEAP_EMPTY);
        CHECK_EQ(bp_heap_kept_bytes(heaps[i]), fits ? more : 0);
        kept += fits ? more : 0;
        parked += fits;
        refused += !fits;
    }
    CHECK(parked && refused);
}

static pthread_barrier_t barrier;

static void *live_together(void *unused)
{
    void *objects[200];
    struct bp_heap *heap = thread_heap();
    for (int i = 0; i < 200; i++)
        objects[i] = bp_heap_alloc(heap, CLASS);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 200; i++)
        heap_free(heap, objects[i]);
    size_t n_bytes = 100000;
    void *large = bp_large_alloc(heap, n_bytes, 16, false);
    bp_large_free(heap, large);
    pthread_barrier_wait(&barrier);
    return unused;
}

static uint32_t count_state(enum bp_heap_state state)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < bp_registry_count(); i++)
        count += bp_registry_at(i)->state == state;
    return count;
}

static void run_many(void)
{
    pthread_t threads[MANY];
    REQUIRE(pthread_barrier_init(&barrier, NULL, MANY) == 0);
    for (int i = 0; i < MANY; i++)
        REQUIRE(pthread_create(&threads[i], NULL, live_together, NULL) == 0);
    for (int i = 0; i < MANY; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
    pthread_barrier_destroy(&barrier);
}

// Sixteen heaps wait with their memory; more are emptied first. Records are used again.
static void many_ended_heaps_are_emptied(void)
{
    thread_boot(BP_TIB);
    for (int round = 0; round < 3; round++) {
        run_many();
        CHECK_EQ(bp_registry_count(), MANY + 1);
        CHECK_EQ(count_state(BP_HEAP_PARKED), PARKED_MAX);
        CHECK_EQ(count_state(BP_HEAP_EMPTY), 1 + MANY - PARKED_MAX); // and the common heap
        for (uint32_t i = 0; i < bp_registry_count(); i++) {
            struct bp_heap *heap = bp_registry_at(i);
            heap_check(heap);
            if (heap->state == BP_HEAP_EMPTY)
                CHECK(!bp_heap_own_bin(heap, CLASS)->head && !heap->cold[CLASS].run_end &&
                      !heap->slots[1].own_count);
        }
    }
    flush_all();
    CHECK_EQ(count_state(BP_HEAP_EMPTY), MANY);
    CHECK_EQ(span_bytes(), 0);
    CHECK_EQ(slot_bytes(), 0);
    CHECK_EQ(bp_load_relaxed(&bp_counters.dirty_bytes), 0);
}

// --- the end of a thread ---

static void *work_after_the_end(void *unused)
{
    struct bp_heap *heap = thread_heap();
    void *object = bp_heap_alloc(heap, CLASS);
    bp_registry_thread_ended(heap);
    CHECK_NULL(bp_registry_own());
    CHECK_PTR(bp_heap_tls, &bp_heap_ended);
    bp_registry_attach();
    CHECK_NULL(bp_registry_own());
    CHECK(!bp_heap_try_malloc(16) && !bp_heap_try_free(object));
    struct bp_heap *borrowed = bp_registry_borrow();
    CHECK_PTR(borrowed, common());
    heap_free(borrowed, object);
    CHECK_PTR(bp_heap_bin(&borrowed->hot, bp_key(CLASS, heap->owner))->head, object);
    CHECK_NOT_NULL(bp_heap_alloc(borrowed, CLASS));
    bp_registry_return(borrowed);
    REQUIRE(bp_os_thread_exit_arm(NULL) == 0); // once is enough
    return unused;
}

static void late_calls_use_the_common_heap(void)
{
    thread_boot(256 * BP_MIB);
    run_thread(work_after_the_end, NULL);
    heap_check(common());
}

// --- no more heaps ---

static void too_many_threads_share(void)
{
    thread_boot(BP_RESERVE_MIN);
    uint32_t most = (uint32_t)(bp_meta_capacity(BP_META_HEAPS) / BP_HEAP_RECORD_BYTES);
    for (uint32_t i = 1; i < most; i++) {
        become_another();
        thread_heap();
    }
    CHECK_EQ(bp_registry_count(), most);
    become_another();
    bp_registry_attach();
    CHECK_NULL(bp_registry_own());
    struct bp_heap *borrowed = bp_registry_borrow();
    CHECK_PTR(borrowed, common());
    CHECK_NOT_NULL(bp_heap_alloc(borrowed, CLASS));
    bp_registry_return(borrowed);
    bp_registry_thread_ended(bp_registry_at(7));
    become_another();
    CHECK_PTR(thread_heap(), bp_registry_at(7));
}

static void failed_commit_is_tried_again(void)
{
    thread_boot(256 * BP_MIB);
    fault_all(BP_OS_COMMIT);
    bool refused = false;
    for (int i = 0; i < 64 && !refused; i++) {
        become_another();
        bp_registry_attach();
        refused = !bp_registry_own();
    }
    CHECK(refused);
    CHECK_PTR(bp_heap_tls, &bp_heap_none);
    fault_none();
    CHECK_NOT_NULL(thread_heap());
}

// --- flush ---

static void flush_reaches_parked_heaps(void)
{
    void *object;
    thread_boot(256 * BP_MIB);
    heap_free(thread_heap(), bp_heap_alloc(thread_heap(), 9));
    run_thread(leave_an_object, &object);
    bp_registry_flush();
    bp_depot_drain();
    CHECK_EQ(count_state(BP_HEAP_PARKED), 0);
    CHECK_EQ(span_bytes(), 0);
    run_thread(leave_an_object, &object);
    CHECK_EQ(bp_registry_count(), 3);
}

// What a live heap has in sight goes; what it alone may touch stays.
static void flush_spares_live_heaps(void)
{
    void *objects[300];
    int count = bp_class[CLASS].magazine_capacity + 36;
    thread_boot(256 * BP_MIB);
    struct bp_heap *other = thread_heap();
    for (int i = 0; i < count; i++)
        objects[i] = bp_heap_alloc(other, CLASS);
    for (int i = 0; i < count; i++)
        heap_free(other, objects[i]);
    become_another();
    thread_heap();
    bp_registry_flush();
    CHECK_NULL(bp_load_ptr_relaxed(&other->cold[CLASS].spare));
    CHECK_EQ(chain_length(bp_heap_own_bin(other, CLASS)->head), 36);
    CHECK_NOT_NULL(other->cold[CLASS].run_end);
    heap_check(other);
}

// --- the child of a fork ---

// Their bins are written off, their slots are salvaged; what they had in use stays in use.
static void others_are_written_off(void)
{
    thread_boot(BP_TIB);
    struct bp_heap *other = thread_heap();
    heap_free(other, bp_heap_alloc(other, CLASS));
    void *large[6];
    for (int i = 0; i < 6; i++)
        large[i] = bp_large_alloc(other, 100000, 16, false);
    for (int i = 0; i < 5; i++)
        bp_large_free(other, large[i]);
    become_another();
    struct bp_heap *parked = thread_heap();
    become_another();
    struct bp_heap *own = thread_heap();
    void *mine = bp_heap_alloc(own, CLASS);
    bp_registry_thread_ended(parked);
    bp_heap_tls = &own->hot;
    bp_registry_after_fork();
    CHECK_EQ(other->state, BP_HEAP_EMPTY);
    CHECK(!bp_heap_own_bin(other, CLASS)->head && !other->cold[CLASS].run_end);
    for (int i = 0; i < 6; i++)
        CHECK_EQ(bp_region_slot(1, large[i])->state, i < 5 ? BP_SLOT_DIRTY : BP_SLOT_USED);
    CHECK_EQ(slot_bytes(), 102400);
    CHECK_EQ(own->state, BP_HEAP_LIVE);
    CHECK_EQ(common()->state, BP_HEAP_EMPTY);
    CHECK_EQ(parked->state, BP_HEAP_PARKED);
    heap_free(own, mine);
    CHECK_PTR(bp_heap_alloc(own, CLASS), mine);
    become_another();
    CHECK_PTR(thread_heap(), parked);
    become_another();
    CHECK_PTR(thread_heap(), other);
    heap_check(other);
    CHECK_NOT_NULL(bp_heap_alloc(other, CLASS));
}

UNIT_MAIN(UNIT_CASE(common_heap_comes_first), UNIT_CASE(attached_threads_use_their_own),
          UNIT_CASE(without_a_reservation_there_are_none),
          UNIT_CASE(threads_have_heaps_of_their_own), UNIT_CASE(next_thread_inherits),
          UNIT_CASE(newest_parked_first), UNIT_CASE(parked_heaps_keep_little),
          UNIT_CASE(many_ended_heaps_are_emptied), UNIT_CASE(late_calls_use_the_common_heap),
          UNIT_CASE(too_many_threads_share), UNIT_CASE(failed_commit_is_tried_again),
          UNIT_CASE(flush_reaches_parked_heaps), UNIT_CASE(flush_spares_live_heaps),
          UNIT_CASE(others_are_written_off))
