// SPDX-License-Identifier: MIT
// thread: heaps that are called away from their threads, emptied meanwhile, and come home.
#include "thread/recall.h"

#include "hot_calls.h"
#include "led_thread.h"

enum {
    SMALL = 16,
    TINY = 2,
    RARE = 40,
    BLOCKS = 600,
    SHARED_SLOTS = 4,
    LARGE_BYTES = 100000,
    LEFT_OBJECTS = 2
};

static struct led other;
static struct bp_heap *theirs;

// --- what the other thread does ---

// Bins with full magazines and spares behind them, a run, slots of its own and in sight.
static void fill_caches(void *unused)
{
    static void *blocks[3][BLOCKS];
    static const size_t sizes[3] = {16 * TINY, 16 * SMALL, 3000};
    (void)unused;
    theirs = thread_heap();
    for (int i = 0; i < 3 * BLOCKS; i++)
        blocks[i % 3][i / 3] = hot_malloc(sizes[i % 3]);
    for (int i = 0; i < 3 * BLOCKS; i++)
        hot_free(blocks[i % 3][i / 3]);
    for (int i = 0; i < BP_OWN_SLOTS + SHARED_SLOTS; i++)
        blocks[0][i] = hot_malloc(LARGE_BYTES);
    for (int i = 0; i < BP_OWN_SLOTS + SHARED_SLOTS; i++)
        hot_free(blocks[0][i]);
}

static void come_home(void *unused)
{
    (void)unused;
    CHECK_PTR(bp_heap_tls, &bp_heap_away);
    CHECK(!bp_heap_try_malloc(16) && !bp_heap_try_malloc(3000));
    CHECK_PTR(bp_registry_own(), theirs);
    CHECK_PTR(bp_heap_tls, &theirs->hot);
    heap_check(theirs);
}

static void use_it(void *unused)
{
    (void)unused;
    fill_caches(NULL);
    heap_check(theirs);
}

static void boot_with_other(void)
{
    thread_boot(BP_TIB);
    thread_heap();
    led_start(&other);
    led_do(&other, fill_caches, NULL);
    heap_check(theirs);
}

// --- what the heap looks like from outside ---

static uint32_t own_slots(const struct bp_heap *heap, unsigned region)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < heap->slots[region].own_count; i++)
        count += heap->slots[region].own[i].object != NULL;
    return count;
}

static uint32_t slots_in_sight(const struct bp_heap *heap, unsigned region)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < BP_SHARED_SLOTS; i++)
        count += bp_load_ptr_relaxed(&heap->slots[region].shared[i]) != NULL;
    return count;
}

static void check_full(struct bp_heap *heap)
{
    CHECK(chain_length(bp_heap_own_bin(heap, TINY)->head) > LEFT_OBJECTS ||
          bp_load_ptr_relaxed(&heap->cold[TINY].spare));
    CHECK(chain_length(bp_heap_own_bin(heap, SMALL)->head) > LEFT_OBJECTS);
    CHECK_EQ(own_slots(heap, 1), BP_OWN_SLOTS);
    CHECK_EQ(slots_in_sight(heap, 1), SHARED_SLOTS);
}

static void check_emptied(struct bp_heap *heap)
{
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        uint32_t left = chain_length(bp_heap_own_bin(heap, i)->head);
        CHECK_FMT(left <= LEFT_OBJECTS, "class %u keeps %u", i, left);
        CHECK_NULL(bp_load_ptr_relaxed(&heap->cold[i].spare));
    }
    for (unsigned region = 0; region < BP_CACHED_REGIONS; region++) {
        CHECK_FMT(own_slots(heap, region) <= 1, "%u own slots", own_slots(heap, region));
        CHECK_EQ(slots_in_sight(heap, region), 0);
    }
}

static void recall(void)
{
    bp_recall_begin();
    bp_recall_finish();
}

// --- away and home ---

static void called_away_comes_home(void)
{
    boot_with_other();
    bp_recall_begin();
    CHECK(theirs->away && !theirs->emptied);
    CHECK_PTR(*theirs->tls, &bp_heap_away);
    check_full(theirs);
    led_do(&other, come_home, NULL);
    CHECK(!theirs->away && !theirs->emptied);
    check_full(theirs);
    bp_recall_finish();
    check_full(theirs);
    led_end(&other);
}

static void idle_heap_is_emptied(void)
{
    boot_with_other();
    size_t slots = slot_bytes(), spans = span_bytes();
    recall();
    CHECK(theirs->away && theirs->emptied);
    check_emptied(theirs);
    CHECK(slot_bytes() < slots && span_bytes() < spans);
    led_do(&other, come_home, NULL);
    CHECK(!theirs->away && !theirs->emptied);
    check_emptied(theirs);
    led_do(&other, use_it, NULL);
    check_full(theirs);
    led_end(&other);
    flush_all();
    CHECK_EQ(span_bytes(), 0);
    CHECK_EQ(slot_bytes(), 0);
}

// Away for many rounds: what was left stays, and is right in the end.
static void emptied_again_and_again(void)
{
    boot_with_other();
    recall();
    void *head = bp_heap_own_bin(theirs, SMALL)->head;
    for (int i = 0; i < 5; i++)
        recall();
    CHECK_PTR(bp_heap_own_bin(theirs, SMALL)->head, head);
    check_emptied(theirs);
    led_do(&other, come_home, NULL);
    for (int i = 0; i < 5; i++) {
        led_do(&other, use_it, NULL);
        check_full(theirs);
        recall();
        check_emptied(theirs);
        led_do(&other, come_home, NULL);
    }
    led_end(&other);
}

static void nobody_called_nobody_emptied(void)
{
    boot_with_other();
    bp_recall_finish();
    CHECK(!theirs->away && !theirs->emptied);
    check_full(theirs);
    led_end(&other);
}

// Another thread's round begins while this one's barrier is on its way.
static int comes_home_and_is_called_again(enum bp_os_call call)
{
    if (call == BP_OS_BARRIER) {
        bp_os_fault_hook = NULL;
        led_do(&other, come_home, NULL);
        bp_recall_begin();
    }
    return 0;
}

static void a_later_call_waits_for_its_own_barrier(void)
{
    boot_with_other();
    bp_recall_begin();
    bp_os_fault_hook = comes_home_and_is_called_again;
    bp_recall_finish();
    CHECK_NULL(bp_os_fault_hook);
    CHECK(theirs->away && !theirs->emptied);
    check_full(theirs);
    bp_recall_finish();
    CHECK(theirs->emptied);
    check_emptied(theirs);
    led_do(&other, come_home, NULL);
    led_end(&other);
}

static void caller_and_common_heap_stay(void)
{
    thread_boot(BP_TIB);
    struct bp_heap *common = bp_registry_at(0);
    fill_caches(NULL);
    heap_free(common, bp_heap_alloc(common, RARE));
    recall();
    CHECK_PTR(bp_heap_tls, &theirs->hot);
    CHECK(!theirs->away && !common->away);
    check_full(theirs);
    CHECK_EQ(chain_length(bp_heap_own_bin(common, RARE)->head), 1);
}

// As the worker does: a thread without a heap calls.
static void caller_without_a_heap(void)
{
    thread_boot(BP_TIB);
    led_start(&other);
    led_do(&other, fill_caches, NULL);
    CHECK_PTR(bp_heap_tls, &bp_heap_none);
    recall();
    check_emptied(theirs);
    led_do(&other, come_home, NULL);
    led_end(&other);
}

static void without_a_reservation_there_is_nobody(void)
{
    CHECK(!bp_registry_init());
    recall();
    CHECK_EQ(bp_registry_count(), 0);
}

// --- visits ---

static void enter_heap(void *unused)
{
    (void)unused;
    CHECK_PTR(bp_registry_enter(), theirs);
}

static void enter_from_away(void *unused)
{
    CHECK_PTR(bp_heap_tls, &bp_heap_away);
    enter_heap(unused);
    CHECK_PTR(bp_heap_tls, &theirs->hot);
    CHECK_EQ(bp_load_u32_relaxed(&theirs->visits), 1);
}

static void leave_heap(void *unused)
{
    (void)unused;
    heap_check(theirs);
    bp_registry_leave(theirs);
}

static void visited_heap_is_not_emptied(void)
{
    boot_with_other();
    led_do(&other, enter_heap, NULL);
    recall();
    CHECK(theirs->away && !theirs->emptied);
    check_full(theirs);
    led_do(&other, leave_heap, NULL);
    led_do(&other, come_home, NULL);
    check_full(theirs);
    recall();
    check_emptied(theirs);
    led_do(&other, enter_from_away, NULL);
    recall();
    CHECK(!theirs->emptied);
    led_do(&other, leave_heap, NULL);
    CHECK_EQ(bp_load_u32_relaxed(&theirs->visits), 0);
    led_end(&other);
}

static void visits_nest(void)
{
    boot_with_other();
    led_do(&other, enter_heap, NULL);
    led_do(&other, enter_heap, NULL);
    led_do(&other, leave_heap, NULL);
    recall();
    CHECK(!theirs->emptied);
    led_do(&other, leave_heap, NULL);
    recall();
    CHECK(theirs->emptied);
    check_emptied(theirs);
    led_do(&other, come_home, NULL);
    led_end(&other);
}

// --- the end of a thread that is away ---

static void check_ended(void)
{
    CHECK(theirs->state != BP_HEAP_LIVE);
    CHECK(!theirs->away && !theirs->emptied && !theirs->tls);
    heap_check(theirs);
    bp_recall_begin();
    CHECK(!theirs->away);
    bp_recall_finish();
    CHECK(theirs->state != BP_HEAP_LIVE);
}

static void inherit(void *left)
{
    struct bp_heap *heap = thread_heap();
    CHECK_PTR(heap, left);
    CHECK_PTR(heap->tls, &bp_heap_tls);
    use_it(NULL);
}

static void end_while_away(bool emptied)
{
    struct led next;
    boot_with_other();
    bp_recall_begin();
    if (emptied)
        bp_recall_finish();
    CHECK(theirs->away && theirs->emptied == emptied);
    led_end(&other);
    check_ended();
    led_start(&next);
    led_do(&next, inherit, theirs);
    led_end(&next);
    flush_all();
    CHECK_EQ(span_bytes(), 0);
    CHECK_EQ(slot_bytes(), 0);
}

static void ends_while_away(void)
{
    end_while_away(false);
}

static void ends_while_emptied(void)
{
    end_while_away(true);
}

UNIT_MAIN(UNIT_CASE(called_away_comes_home), UNIT_CASE(idle_heap_is_emptied),
          UNIT_CASE(emptied_again_and_again), UNIT_CASE(nobody_called_nobody_emptied),
          UNIT_CASE(a_later_call_waits_for_its_own_barrier), UNIT_CASE(caller_and_common_heap_stay),
          UNIT_CASE(caller_without_a_heap), UNIT_CASE(without_a_reservation_there_is_nobody),
          UNIT_CASE(visited_heap_is_not_emptied), UNIT_CASE(visits_nest),
          UNIT_CASE(ends_while_away), UNIT_CASE(ends_while_emptied))
