// SPDX-License-Identifier: MIT
// region: a span's free objects by the pages that they are on, and which of these go.
#include "os/os.h"
#include "prng.h"
#include "region/span_holes.h"
#include "span_unit.h"

static struct prng rng = {1};

enum { OBJECTS_MAX = 4096 };
static bool is_free[OBJECTS_MAX];

// What belongs to a hole, said in another way than in hole.h.
static bool is_whole(const struct bp_span *span, uint32_t hole)
{
    uint32_t bytes = bp_class[span->class_index].object_bytes, found = 0;
    uint32_t page = (uint32_t)bp_max(bytes, bp_os_page_bytes());
    for (uint32_t i = 0; i < span->object_count; i++) {
        if (i * bytes / page != hole)
            continue;
        found++;
        if (!is_free[i])
            return false;
    }
    return found > 0;
}

static struct bp_span *riddled_span(unsigned class_index, uint32_t in_use)
{
    struct bp_span *span = create(class_index);
    bp_span_stop_locked(&lists, span, bp_span_end(span));
    memset(is_free, 1, sizeof(is_free));
    for (uint32_t i = 0; i < in_use; i++)
        is_free[prng_below(&rng, span->object_count)] = false;
    is_free[span->object_count - 1] = false;
    for (uint32_t i = 0; i < span->object_count; i++) {
        if (is_free[i])
            put(span, i, i + 1);
    }
    return span;
}

static void check_withdrawn(struct bp_span *span, uint32_t holes, uint32_t fresh)
{
    CHECK_EQ(span->punched, 0);
    CHECK_EQ(holes, fresh);
    for (uint32_t hole = 0; hole < 16; hole++)
        CHECK_FMT(is_whole(span, hole) == (holes >> hole & 1), "hole %u of class %u", hole,
                  span->class_index);
}

// Each free object comes back once, those of the holes last.
static void check_gathered(struct bp_span *span, uint32_t chained)
{
    uint32_t free_count = span->free_count, bytes = bp_class[span->class_index].object_bytes;
    void *chain;
    for (uint32_t got = 0; got < free_count; got++) {
        CHECK_EQ(bp_span_gather_locked(&lists, 0, 1, &chain), 1);
        CHECK((got < chained) == (lists.faulted_objects == 0));
        size_t index = (size_t)((char *)chain - object(span, 0)) / bytes;
        CHECK_PTR(chain, object(span, (unsigned)index));
        CHECK_FMT(is_free[index], "object %zu of class %u again", index, span->class_index);
        is_free[index] = false;
    }
    CHECK_EQ(span->free_count, 0);
    CHECK_EQ(lists.free_objects, 0);
    CHECK_EQ(lists.marked_objects, 0);
}

static void check_holes(unsigned class_index, uint32_t in_use)
{
    struct bp_span *span = riddled_span(class_index, in_use);
    uint32_t free_count = span->free_count;
    lists.faulted_objects = 0;
    uint32_t fresh = bp_holes_free(span);
    uint32_t holes = bp_span_withdraw_locked(&lists, span, fresh);
    check_withdrawn(span, holes, fresh);
    uint32_t chained = span->free_count;
    bp_span_mark_locked(&lists, span, holes);
    CHECK_EQ(span->free_count, free_count);
    CHECK_EQ(lists.marked_objects, free_count - chained);
    CHECK_EQ(bp_holes_free(span), 0);
    CHECK_EQ(bp_span_withdraw_locked(&lists, span, 0), 0);
    CHECK_EQ(span->punched, holes);
    check_gathered(span, chained);
    put(span, 0, span->object_count);
    lists.span_count = 0;
}

static void holes_are_where_all_is_free(void)
{
    boot();
    for (unsigned i = 1; i < BP_CLASS_COUNT && !check_failures; i++) {
        for (uint32_t in_use = 0; in_use < 32; in_use = 2 * in_use + 1)
            check_holes(i, in_use);
    }
    CHECK_EQ(span_bytes(), 0);
}

// The last one too, before whose end its objects end.
static void ripe_where_all_is_free(void)
{
    boot();
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        struct bp_span *span = create(i);
        bp_span_stop_locked(&lists, span, bp_span_end(span));
        put(span, 1, span->object_count);
        for (uint32_t hole = 1; hole < bp_hole_count(i); hole++)
            CHECK_FMT(!bp_hole_objects(i, hole) || span->ripe >> hole & 1, "hole %u of class %u",
                      hole, i);
        put(span, 0, 1);
    }
    CHECK_EQ(span_bytes(), 0);
}

// Old holes leave with new ones, and are told from them.
static void holes_grow(void)
{
    boot();
    struct bp_span *span = full_span();
    put(span, 1, 3);
    CHECK_EQ(bp_span_withdraw_locked(&lists, span, bp_holes_free(span)), 6);
    bp_span_mark_locked(&lists, span, 6);
    put(span, 3, 4);
    CHECK_EQ(bp_holes_free(span), 8);
    CHECK_EQ(bp_span_withdraw_locked(&lists, span, 8), 14);
    CHECK_EQ(span->free_count, 0);
    CHECK_EQ(lists.marked_objects, 0);
    bp_span_mark_locked(&lists, span, 14);
    CHECK_EQ(lists.marked_objects, 3);
    put(span, 0, 1);
    put(span, 4, 8); // and the span goes, holes and all
    CHECK_EQ(span_bytes(), 0);
    CHECK_EQ(lists.marked_objects, 0);
}

// Two objects of 8 KiB, and not one.
static void worth_from_four_pages_on(void)
{
    boot();
    struct bp_span *span = full_span();
    put(span, 0, 1);
    CHECK_EQ(bp_span_worth_locked(span, true), 0);
    put(span, 1, 2);
    CHECK(bp_span_looks_worth(span->first_chunk));
    CHECK_EQ(bp_span_worth_locked(span, false), 3);
    uint32_t holes = bp_span_withdraw_locked(&lists, span, 3);
    bp_span_mark_locked(&lists, span, holes);
    CHECK(!bp_span_looks_worth(span->first_chunk) && !bp_span_worth_locked(span, true));
}

// Of small objects a page's last one decides.
static void small_objects_need_whole_pages(void)
{
    boot();
    struct bp_span *span = create(16); // 256 bytes, 16 a page
    bp_span_stop_locked(&lists, span, bp_span_end(span));
    for (unsigned page = 0; page < 16; page++)
        put(span, 16 * page, 16 * page + 15);
    CHECK(!bp_span_worth_locked(span, true));
    CHECK(!bp_span_looks_worth(span->first_chunk)); // once it was looked at
    for (unsigned page = 0; page < 3; page++)
        put(span, 16 * page + 15, 16 * page + 16);
    CHECK_EQ(bp_span_worth_locked(span, true), 0);
    put(span, 16 * 9 + 15, 16 * 9 + 16);
    CHECK(bp_span_looks_worth(span->first_chunk));
    CHECK_EQ(bp_span_worth_locked(span, true), 0x207);
}

// It goes when a page beside it does, or did.
static void a_page_alone_stays(void)
{
    boot();
    struct bp_span *span = create(16);
    bp_span_stop_locked(&lists, span, bp_span_end(span));
    for (unsigned page = 1; page < 9; page += 2)
        put(span, 16 * page, 16 * page + 16);
    CHECK_EQ(bp_span_worth_locked(span, false), 0);
    CHECK_EQ(bp_span_worth_locked(span, true), 0xaa);
    put(span, 16 * 2, 16 * 3);
    put(span, 16 * 4, 16 * 5);
    CHECK_EQ(bp_span_worth_locked(span, false), 0x3e);
    bp_span_mark_locked(&lists, span, bp_span_withdraw_locked(&lists, span, 0x3e));
    CHECK_EQ(bp_span_worth_locked(span, true), 0);
    put(span, 0, 16); // beside what is punched already
    put(span, 16 * 8, 16 * 10);
    put(span, 16 * 12, 16 * 13); // alone
    CHECK_EQ(bp_span_worth_locked(span, false), 0x381);
}

static void cut_a_chain(void)
{
    void *chain;
    bp_span_gather_locked(&lists, 0, 1, &chain);
}

// Where a chain is cut its link says where the rest begins: what a program wrote there, be it an
// address of the same span, is not taken for an object.
static void overwritten_links_are_told(void)
{
    boot();
    struct bp_span *span = create(16);
    bp_span_stop_locked(&lists, span, bp_span_end(span));
    put(span, 0, 3);
    char *first = object(span, 2);
    void *wrong[] = {NULL, first + 16, object(span, 20), (void *)0x4141414141414141, &lists};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        memcpy(first, &wrong[i], sizeof wrong[i]);
        CHECK_FMT(unit_aborted(unit_fork(cut_a_chain)), "link %p", wrong[i]);
    }
    wrong[0] = object(span, 1);
    memcpy(first, &wrong[0], sizeof wrong[0]);
    void *chain;
    CHECK_EQ(bp_span_gather_locked(&lists, 0, 3, &chain), 3);
}

UNIT_MAIN(UNIT_CASE(holes_are_where_all_is_free), UNIT_CASE(ripe_where_all_is_free),
          UNIT_CASE(holes_grow), UNIT_CASE(worth_from_four_pages_on),
          UNIT_CASE(small_objects_need_whole_pages), UNIT_CASE(a_page_alone_stays),
          UNIT_CASE(overwritten_links_are_told))
