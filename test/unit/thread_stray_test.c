// SPDX-License-Identifier: MIT
// thread: objects whose chunk has another owner number: few stay away, many go where they are used.
#include "thread_unit.h"

#include "region/chain.h"

enum { CLASS = 16, FEW = 16, MANY = 2000, PLENTY = 300 }; // 256 bytes

static struct bp_heap *theirs, *mine;

static void boot(void)
{
    thread_boot(256 * BP_MIB);
    theirs = bp_registry_at(0);
    mine = thread_heap();
    REQUIRE(theirs->owner != mine->owner);
}

static void *alloc(struct bp_heap *heap)
{
    void *object = bp_heap_alloc(heap, CLASS);
    REQUIRE(object != NULL);
    return object;
}

static void alloc_some(struct bp_heap *heap, void **objects, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        objects[i] = alloc(heap);
}

static void free_some(struct bp_heap *heap, void *const *objects, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        heap_free(heap, objects[i]);
}

static unsigned owner_of(const void *object)
{
    return bp_key_owner(bp_heap_key_of(object));
}

static struct bp_bin *stray_bin(void)
{
    return bp_heap_bin(&mine->hot, bp_key(CLASS, theirs->owner));
}

static uint32_t stray_limit(void)
{
    return mine->stray[theirs->owner][CLASS].limit;
}

static void chunks_have_their_owner(void)
{
    boot();
    CHECK_EQ(owner_of(alloc(theirs)), theirs->owner);
    CHECK_EQ(owner_of(alloc(mine)), mine->owner);
}

// Neighbours of what another thread uses are not handed out here.
static void few_do_not_come_back(void)
{
    void *given[FEW];
    boot();
    alloc_some(theirs, given, FEW);
    free_some(mine, given, FEW);
    CHECK_EQ(chain_length(stray_bin()->head), FEW);
    for (int i = 0; i < PLENTY; i++)
        CHECK_EQ(owner_of(alloc(mine)), mine->owner);
    heap_check(mine);
}

// A thread that only frees hands full magazines to the depot, where their owner looks first.
static void many_go_home(void)
{
    static void *given[MANY];
    boot();
    alloc_some(theirs, given, MANY);
    free_some(mine, given, FEW + 1);
    CHECK_EQ(bp_depot_object_count(CLASS), FEW);
    while (bp_heap_own_bin(theirs, CLASS)->run.cursor < bp_heap_own_bin(theirs, CLASS)->run.limit)
        alloc(theirs);
    CHECK_PTR(alloc(theirs), given[FEW - 1]);
    CHECK_EQ(bp_depot_object_count(CLASS), 0);
    free_some(mine, given + FEW + 1, MANY - FEW - 1);
    uint32_t capacity = bp_class[CLASS].magazine_capacity;
    CHECK(stray_limit() > FEW && stray_limit() <= capacity / 2);
    CHECK(chain_length(stray_bin()->head) <= stray_limit());
    heap_check(mine);
}

// A thread that also allocates takes them over, and their spans.
static void many_move_here(void)
{
    static void *given[MANY];
    uint32_t moved = 0;
    boot();
    alloc_some(theirs, given, MANY);
    free_some(mine, given, MANY);
    for (uint32_t i = 0; i < MANY / 2; i++)
        alloc(mine);
    for (uint32_t i = 0; i < MANY; i++)
        moved += owner_of(given[i]) == mine->owner;
    CHECK_FMT(moved > MANY / 4, "%u of %d", moved, MANY);
    heap_check(mine);
}

// So its chain is walked in stretches.
static void a_full_bin_has_notes(void)
{
    static void *given[MANY];
    boot();
    const struct bp_stray_cold *cold = &mine->stray[theirs->owner][CLASS];
    bool full = false;
    alloc_some(theirs, given, MANY);
    for (int i = 0; i < MANY && !full; i++) {
        heap_free(mine, given[i]);
        full = cold->noted && cold->limit == cold->goal && stray_bin()->room == 0;
    }
    REQUIRE(full);
    CHECK(bp_chain_agrees(CLASS, stray_bin()->head, cold->goal, cold->noted));
    bp_heap_settle(mine);
    CHECK_NULL(cold->noted);
    heap_check(mine);
}

static void idle_bins_are_emptied(void)
{
    enum { OTHER = 20, VISITS = 4 * 128 };
    static void *objects[4000];
    void *given[4];
    boot();
    alloc_some(theirs, given, 4);
    free_some(mine, given, 4);
    size_t before = mine->capacity_bytes;
    for (uint32_t age = mine->age; mine->age - age < VISITS;) {
        for (size_t i = 0; i < 4000; i++)
            objects[i] = bp_heap_alloc(mine, OTHER);
        for (size_t i = 0; i < 4000; i++)
            heap_free(mine, objects[i]);
    }
    CHECK_NULL(stray_bin()->head);
    CHECK_EQ(stray_limit(), 0);
    CHECK(before > 0);
    heap_check(mine);
}

static void flush_leaves_none(void)
{
    void *given[FEW];
    boot();
    alloc_some(theirs, given, FEW);
    free_some(mine, given, FEW);
    bp_heap_flush(mine);
    CHECK_NULL(stray_bin()->head);
    heap_check(mine);
    bp_heap_flush(theirs);
    CHECK_EQ(span_bytes(), 0);
}

// What a thread leaves at its end is tagged as what it is.
static void hand_over_tells_whose(void)
{
    void *given[FEW];
    boot();
    alloc_some(theirs, given, FEW);
    free_some(mine, given, FEW);
    bp_heap_hand_over(mine);
    CHECK_EQ(stray_limit(), 0);
    CHECK_EQ(mine->capacity_bytes, 0);
    CHECK_EQ(bp_depot_take(CLASS, theirs->owner, 1).owner, theirs->owner);
}

// Emptied by another thread: the head and its successor stay.
static void empty_leaves_two(void)
{
    void *given[FEW];
    boot();
    alloc_some(theirs, given, FEW);
    free_some(mine, given, FEW);
    bp_heap_empty(mine);
    CHECK_EQ(chain_length(stray_bin()->head), 2);
    bp_heap_settle(mine);
    heap_check(mine);
}

// In the child of a fork.
static void written_off_after_fork(void)
{
    void *given[FEW];
    boot();
    alloc_some(theirs, given, FEW);
    free_some(mine, given, FEW);
    bp_heap_tls = (struct bp_heap_hot *)&bp_heap_none;
    struct bp_heap *another = thread_heap();
    bp_registry_after_fork();
    CHECK_EQ(mine->state, BP_HEAP_EMPTY);
    CHECK(!mine->stray_seen && !stray_bin()->head && !stray_bin()->room);
    CHECK_EQ(mine->hot.key[1], bp_key(1, mine->owner));
    heap_check(mine);
    heap_check(another);
}

// Nearly empty spans belong to who refills from them.
static void gathered_spans_change_owner(void)
{
    static void *given[MANY];
    boot();
    alloc_some(theirs, given, MANY);
    free_some(theirs, given + 1, MANY - 1);
    bp_heap_flush(theirs);
    bp_depot_drain();
    void *object = alloc(mine);
    while (owner_of(object) != mine->owner && object != given[0])
        object = alloc(mine);
    CHECK(owner_of(object) == mine->owner);
    CHECK_EQ(owner_of(given[0]), mine->owner);
}

UNIT_MAIN(UNIT_CASE(chunks_have_their_owner), UNIT_CASE(few_do_not_come_back),
          UNIT_CASE(many_go_home), UNIT_CASE(many_move_here), UNIT_CASE(a_full_bin_has_notes),
          UNIT_CASE(idle_bins_are_emptied), UNIT_CASE(flush_leaves_none),
          UNIT_CASE(hand_over_tells_whose), UNIT_CASE(empty_leaves_two),
          UNIT_CASE(written_off_after_fork), UNIT_CASE(gathered_spans_change_owner))
