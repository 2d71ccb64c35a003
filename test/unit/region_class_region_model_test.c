// SPDX-License-Identifier: MIT
// region: class regions by random calls with random faults: contents stay, what should read zero
// does, the counters agree with the records. Then the same by several threads.
#include "core/counters.h"
#include "fault_hook.h"
#include "region/class_region.h"
#include "unit.h"

#include <pthread.h>

enum { PAGE = 4096, HELD = 96, STEPS = 4000, THREADS = 4, THREAD_STEPS = 600 };

static const unsigned regions[] = {0, 1, 4, 5, 6, 10};
enum { REGIONS = sizeof regions / sizeof regions[0] };
static const size_t most_bytes[REGIONS] = {65536,      131072,     BP_MIB,
                                           2 * BP_MIB, 4 * BP_MIB, 7 * BP_MIB};

static struct held {
    char *object;
    unsigned region;
    size_t n_bytes;
    uint64_t id;
} held[HELD];

static struct prng rng = {40};
static unsigned saw_refused, saw_moved, saw_purged, saw_decommitted;

// --- contents: a word in each page, and the last one ---

static uint64_t *word_at(const struct held *it, size_t offset)
{
    return (uint64_t *)(void *)(it->object + offset);
}

static size_t last_word(size_t n_bytes)
{
    return bp_align_down(n_bytes, 8) - 8;
}

static void mark(const struct held *it)
{
    for (size_t at = 0; at + 8 <= it->n_bytes; at += PAGE)
        *word_at(it, at) = it->id ^ at;
    *word_at(it, last_word(it->n_bytes)) = it->id;
}

static void check_mark(const struct held *it, size_t n_bytes)
{
    for (size_t at = 0; at + 8 <= n_bytes; at += PAGE) {
        if (at != last_word(it->n_bytes))
            CHECK_FMT(*word_at(it, at) == (it->id ^ at), "region %u: %zu of %zu is lost",
                      it->region, at, n_bytes);
    }
    if (n_bytes == it->n_bytes)
        CHECK(*word_at(it, last_word(n_bytes)) == it->id);
}

static void check_zero(const struct held *it, size_t from)
{
    for (size_t at = bp_align_up(from, PAGE); at + 8 <= it->n_bytes; at += PAGE)
        CHECK_FMT(*word_at(it, at) == 0, "region %u: %zu is not zero, dirty to %zu", it->region, at,
                  from);
}

// --- the books, from the records ---

static void sum_region(unsigned region, size_t *ret_slots, size_t *ret_dirty)
{
    size_t count = bp_meta_committed[BP_META_SLOTS + region] / sizeof(struct bp_slot);
    const struct bp_slot *slots = bp_meta_begin((enum bp_meta_area)(BP_META_SLOTS + region));
    for (size_t i = 0; i < count; i++) {
        uint8_t state = slots[i].state;
        if (state == BP_SLOT_USED || state == BP_SLOT_CACHED)
            *ret_slots += slots[i].dirty_bytes;
        if (state == BP_SLOT_DIRTY)
            *ret_dirty += slots[i].dirty_bytes;
        CHECK(state != BP_SLOT_BUSY && (state != BP_SLOT_CLEAN || !slots[i].dirty_bytes));
        CHECK(slots[i].dirty_bytes <= slots[i].committed_bytes || state == BP_SLOT_FRESH);
    }
}

static void check_books(void)
{
    size_t slot_bytes = 0, dirty_bytes = 0;
    for (int i = 0; i < REGIONS; i++)
        sum_region(regions[i], &slot_bytes, &dirty_bytes);
    CHECK_EQ(bp_load_relaxed(&bp_counters.slot_bytes), slot_bytes);
    CHECK_EQ(bp_load_relaxed(&bp_counters.dirty_bytes), dirty_bytes);
}

// --- the calls ---

static bool take(struct held *it, struct prng *r)
{
    size_t which = prng_below(r, REGIONS), dirty = 0;
    *it = (struct held){NULL, regions[which], prng_range(r, 16, most_bytes[which]), prng_next(r)};
    char *object = bp_region_take_pooled(it->region);
    if (!object)
        object = bp_region_take_fresh(it->region);
    if (!object)
        return false;
    it->object = object;
    if (!bp_region_use(it->region, object, it->n_bytes, &dirty)) {
        bp_region_give(it->region, object);
        it->object = NULL;
        return false;
    }
    check_zero(it, dirty);
    if (prng_below(r, 2))
        bp_region_stock(it->region, it->object, dirty);
    mark(it);
    return true;
}

static void release(struct held *it)
{
    struct bp_slot *slot = bp_region_slot(it->region, it->object);
    CHECK_EQ(slot->state, BP_SLOT_USED);
    slot->state = BP_SLOT_CACHED;
    bp_region_give(it->region, it->object);
    it->object = NULL;
}

static void give(struct held *it)
{
    check_mark(it, it->n_bytes);
    release(it);
}

static void resize(struct held *it)
{
    struct bp_slot *slot = bp_region_slot(it->region, it->object);
    size_t n_bytes = prng_range(&rng, 16, bp_min(bp_region_slot_bytes(it->region), 3 * BP_MIB));
    size_t old_bytes = it->n_bytes, dirty = slot->dirty_bytes;
    if (!bp_region_resize(it->region, it->object, n_bytes)) {
        check_mark(it, old_bytes);
        return;
    }
    check_mark(it, bp_min(old_bytes, n_bytes) == old_bytes ? old_bytes : n_bytes);
    it->n_bytes = n_bytes;
    check_zero(it, dirty);
    mark(it);
}

// The contents go from one used slot to another; the first then holds nothing.
static void move(struct held *from, struct held *to)
{
    if (from == to || !from->object || !to->object || to->n_bytes < from->n_bytes)
        return;
    check_mark(to, to->n_bytes);
    bp_region_move(from->region, from->object, to->region, to->object,
                   bp_align_up(from->n_bytes, PAGE));
    struct held moved = *from;
    moved.object = to->object;
    check_mark(&moved, moved.n_bytes);
    mark(to);
    saw_moved += bp_region_slot(from->region, from->object)->dirty_bytes == 0;
    release(from);
}

static void random_fault(void)
{
    static const enum bp_os_call kinds[] = {BP_OS_COMMIT, BP_OS_PURGE, BP_OS_MOVE, BP_OS_DECOMMIT};
    fault_none();
    if (prng_below(&rng, 5) == 0)
        fault_some(kinds[prng_below(&rng, 4)], 1, 1 + (unsigned)prng_below(&rng, 3));
}

static void step(void)
{
    struct held *it = &held[prng_below(&rng, HELD)], *other = &held[prng_below(&rng, HELD)];
    unsigned what = (unsigned)prng_below(&rng, 100), region = regions[prng_below(&rng, REGIONS)];
    if (what < 10)
        saw_purged += bp_region_purge_oldest(region, SIZE_MAX) > 0;
    else if (what < 13)
        saw_decommitted += bp_region_decommit(region) > 0;
    else if (what < 25)
        move(it, other);
    else if (!it->object)
        saw_refused += !take(it, &rng);
    else if (what < 60)
        resize(it);
    else
        give(it);
}

static void agree_with_their_records(void)
{
    bp_reserve_init(BP_TIB);
    for (int i = 0; i < STEPS && !check_failures; i++) {
        random_fault();
        step();
        if (i % 16 == 0)
            check_books();
    }
    for (int i = 0; i < HELD; i++) {
        if (held[i].object)
            give(&held[i]);
    }
    check_books();
    CHECK_EQ(bp_load_relaxed(&bp_counters.slot_bytes), 0);
    CHECK(saw_refused > 3 && saw_purged > 100);
    CHECK(saw_moved > 5 || !bp_os_can_move());
    CHECK(saw_decommitted > 30 || bp_os_charges_commit()); // a purge is a decommit then
}

// --- threads ---

static void *thread_body(void *seed)
{
    struct prng r = {(uint64_t)(uintptr_t)seed};
    struct held mine[8] = {{NULL, 0, 0, 0}};
    for (int i = 0; i < THREAD_STEPS; i++) {
        struct held *it = &mine[prng_below(&r, 8)];
        if (prng_below(&r, 20) == 0)
            bp_region_purge_oldest(regions[prng_below(&r, REGIONS)], SIZE_MAX);
        if (prng_below(&r, 100) == 0)
            bp_region_decommit(regions[prng_below(&r, REGIONS)]);
        if (it->object)
            give(it);
        else
            REQUIRE(take(it, &r));
    }
    for (int i = 0; i < 8; i++) {
        if (mine[i].object)
            give(&mine[i]);
    }
    return NULL;
}

static void threads_do_not_share(void)
{
    pthread_t threads[THREADS];
    bp_reserve_init(BP_TIB);
    for (uintptr_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, thread_body, (void *)(i + 1)) == 0);
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
    check_books();
    CHECK_EQ(bp_load_relaxed(&bp_counters.slot_bytes), 0);
}

UNIT_MAIN(UNIT_CASE(agree_with_their_records), UNIT_CASE(threads_do_not_share))
