// SPDX-License-Identifier: MIT
// region: spans from birth to death, and which of them gives its objects first.
#include "core/counters.h"
#include "fault_hook.h"
#include "os/os.h"
#include "prng.h"
#include "region/size_class.h"
#include "region/span.h"
#include "region/span_holes.h"
#include "reserve/chunks.h"
#include "reserve/reserve.h"
#include "unit.h"

enum { CLASS = 44 }; // 8 KiB: 8 objects a span
static struct bp_span_lists lists;
static struct prng rng = {1};

static size_t span_bytes(void)
{
    return bp_load_relaxed(&bp_counters.span_bytes);
}

static void boot(void)
{
    bp_reserve_init(128 * BP_MIB);
    REQUIRE(bp_reservation.n_bytes && bp_class[CLASS].span_objects == 8);
}

static char *object(const struct bp_span *span, unsigned index)
{
    return bp_chunk_address(span->first_chunk) + index * bp_class[span->class_index].object_bytes;
}

// A running span, counted as the depot does.
static struct bp_span *create(unsigned class_index)
{
    struct bp_span *span = bp_span_create(class_index, 0);
    REQUIRE(span != NULL);
    lists.span_count++;
    return span;
}

// A span all of whose objects are in use.
static struct bp_span *full_span(void)
{
    struct bp_span *span = create(CLASS);
    bp_span_stop_locked(&lists, span, bp_span_end(span));
    CHECK_EQ(span->list, 0);
    return span;
}

static void put(struct bp_span *span, unsigned from, unsigned until)
{
    for (unsigned i = from; i < until; i++)
        bp_span_put_locked(&lists, object(span, i));
}

static void check_new_span(unsigned class_index)
{
    const struct bp_class *it = &bp_class[class_index];
    struct bp_span *span = create(class_index);
    CHECK_EQ(span->class_index, class_index);
    CHECK_EQ(span->chunk_count, 1);
    CHECK_EQ(span->object_count, it->span_objects);
    CHECK(span->running && !span->list && !span->free_count && span->chunk_count == 1);
    CHECK_PTR(bp_span_cursor(span), bp_chunk_address(span->first_chunk));
    CHECK_EQ(bp_span_end(span) - bp_span_cursor(span), it->span_objects * it->object_bytes);
    CHECK_EQ(bp_chunk_map()[span->first_chunk], bp_key(class_index, 0));
    uint32_t first = span->first_chunk;
    bp_span_stop_locked(&lists, span, bp_span_cursor(span));
    CHECK_EQ(bp_chunk_map()[first], 0);
    CHECK_EQ(span->first_chunk, 0);
}

static void serves_each_class(void)
{
    boot();
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
        check_new_span(i);
    CHECK_EQ(span_bytes(), 0);
    CHECK(!bp_span_has_free(&lists));
}

static void none_without_memory(void)
{
    boot();
    fault_all(BP_OS_COMMIT);
    CHECK_NULL(bp_span_create(CLASS, 0));
    fault_none();
    CHECK_NOT_NULL(bp_span_create(CLASS, 0));
}

static void objects_come_back_once(void)
{
    boot();
    struct bp_span *span = full_span();
    bool seen[8] = {false};
    void *chain;
    CHECK(!bp_span_has_free(&lists));
    put(span, 2, 5);
    CHECK_EQ(span->free_count, 3);
    CHECK(bp_span_has_free(&lists));
    CHECK_EQ(bp_span_gather_locked(&lists, 0, 100, &chain), 3);
    for (; chain; chain = *(void **)chain) {
        size_t index = (size_t)((char *)chain - object(span, 0)) / 8192;
        CHECK(index >= 2 && index < 5 && !seen[index]);
        CHECK_PTR(chain, object(span, (unsigned)index));
        seen[index] = true;
    }
    CHECK(seen[2] && seen[3] && seen[4]);
    CHECK_EQ(span->free_count, 0);
    CHECK(!bp_span_has_free(&lists));
    CHECK_EQ(bp_span_gather_locked(&lists, 0, 100, &chain), 0);
    CHECK_NULL(chain);
}

static void gathers_no_more_than_wanted(void)
{
    boot();
    struct bp_span *span = full_span();
    void *chain;
    put(span, 0, 6);
    for (uint32_t left = 6, wanted = 1; left; left -= wanted, wanted = left > 3 ? 2 : left) {
        CHECK_EQ(bp_span_gather_locked(&lists, 0, wanted, &chain), wanted);
        uint32_t length = 0;
        for (; chain; chain = *(void **)chain)
            length++;
        CHECK_EQ(length, wanted);
    }
    CHECK_EQ(bp_span_gather_locked(&lists, 0, 0, &chain), 0);
}

// Free objects are taken from the fullest spans, whatever the order in which they came.
static void fullest_first(void)
{
    static const unsigned free_counts[] = {7, 1, 5, 3};
    static const unsigned order[] = {1, 3, 2, 0};
    struct bp_span *spans[4];
    void *chain;
    boot();
    for (int i = 0; i < 4; i++)
        spans[i] = full_span();
    for (int i = 0; i < 4; i++)
        put(spans[i], 0, free_counts[i]);
    for (int i = 0; i < 4; i++) {
        struct bp_span *expected = spans[order[i]];
        uint32_t count = expected->free_count;
        CHECK_EQ(bp_span_gather_locked(&lists, 0, count, &chain), count);
        CHECK_FMT(expected->free_count == 0, "span with %u free was not the %d-th", count, i);
    }
    CHECK(!bp_span_has_free(&lists));
}

static void last_object_gives_the_span_back(void)
{
    boot();
    struct bp_span *span = full_span();
    uint32_t first = span->first_chunk;
    put(span, 0, 7);
    CHECK_EQ(span_bytes(), BP_CHUNK_BYTES);
    put(span, 7, 8);
    CHECK_EQ(span_bytes(), 0);
    CHECK_EQ(bp_chunk_map()[first], 0);
    CHECK(!bp_span_has_free(&lists));
    struct bp_span *next = create(1);
    CHECK_EQ(next->first_chunk, first);
}

static void running_spans_stay(void)
{
    boot();
    struct bp_span *span = create(CLASS);
    bp_span_note_limit(span, bp_span_end(span));
    put(span, 0, 8);
    CHECK(span->running);
    CHECK_EQ(span->free_count, 8);
    CHECK_EQ(span_bytes(), BP_CHUNK_BYTES);
    bp_span_stop_locked(&lists, span, bp_span_end(span));
    CHECK_EQ(span_bytes(), 0);
    CHECK(!bp_span_has_free(&lists));
}

static void parks_what_was_not_bumped(void)
{
    boot();
    struct bp_span *span = create(CLASS);
    CHECK_NULL(bp_span_parked_locked(&lists, 0));
    bp_span_stop_locked(&lists, span, object(span, 3));
    CHECK(!span->running);
    CHECK_EQ(span->fresh_count, 5);
    CHECK(!bp_span_has_free(&lists));
    CHECK_PTR(bp_span_parked_locked(&lists, 0), span);
    CHECK(span->running);
    CHECK_PTR(bp_span_cursor(span), object(span, 3));
    CHECK_PTR(bp_span_end(span), object(span, 8));
    CHECK_NULL(bp_span_parked_locked(&lists, 0));
    bp_span_stop_locked(&lists, span, object(span, 8));
    CHECK_EQ(span->list, 0);
    CHECK_NULL(bp_span_parked_locked(&lists, 0));
}

// A parked run whose bumped objects all came back goes, its fresh tail with it.
static void parked_spans_drain(void)
{
    boot();
    struct bp_span *span = create(CLASS);
    bp_span_stop_locked(&lists, span, object(span, 3));
    put(span, 0, 2);
    CHECK_EQ(span_bytes(), BP_CHUNK_BYTES);
    put(span, 2, 3);
    CHECK_EQ(span_bytes(), 0);
    CHECK_NULL(bp_span_parked_locked(&lists, 0));
    CHECK(!bp_span_has_free(&lists));
}

// More than 4 spans of which more than three quarters are free.
static void sparse_when_many_spans_are_nearly_empty(void)
{
    struct bp_span *spans[20];
    void *chain;
    boot();
    CHECK(bp_span_magazine_most(&lists, CLASS) != BP_MAGAZINE_SPARSE);
    for (int i = 0; i < 20; i++)
        spans[i] = full_span();
    CHECK_EQ(bp_span_magazine_most(&lists, CLASS), UINT32_MAX);
    for (int i = 0; i < 20; i++) {
        CHECK(bp_span_magazine_most(&lists, CLASS) != BP_MAGAZINE_SPARSE);
        put(spans[i], 0, 6);
    }
    CHECK_EQ(bp_span_magazine_most(&lists, CLASS), BP_MAGAZINE_THIN); // over a half
    CHECK_EQ(lists.span_count, 20);
    CHECK_EQ(lists.free_objects, 120);
    CHECK(bp_span_magazine_most(&lists, CLASS) != BP_MAGAZINE_SPARSE); // three quarters
    put(spans[0], 6, 7);
    CHECK(bp_span_magazine_most(&lists, CLASS) == BP_MAGAZINE_SPARSE);
    CHECK_EQ(bp_span_gather_locked(&lists, 0, 1, &chain), 1);
    CHECK(bp_span_magazine_most(&lists, CLASS) != BP_MAGAZINE_SPARSE);
    bp_span_put_locked(&lists, chain);
    for (int i = 1; i < 17; i++)
        put(spans[i], 6, 8);
    CHECK_EQ(lists.span_count, 4);
    CHECK_EQ(lists.free_objects, 3 * 6 + 7);
    CHECK(bp_span_magazine_most(&lists, CLASS) != BP_MAGAZINE_SPARSE); // too few spans to matter
}

// --- holes ---

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

static void large_objects_have_chunks_of_their_own(void)
{
    bool zero;
    boot();
    char *large = bp_span_large_take(100000, &zero);
    char *other = bp_span_large_take(BP_CHUNK_BYTES, &zero);
    struct bp_span *small = create(CLASS);
    CHECK_ALIGNED(large, BP_CHUNK_BYTES);
    CHECK_PTR(other, large + 2 * BP_CHUNK_BYTES);
    CHECK(zero);
    CHECK_EQ(bp_chunk_map()[bp_chunk_of(large)], 0);
    REQUIRE(bp_span_large_find(large) && bp_span_large_find(other));
    CHECK_EQ(bp_span_large_bytes(bp_span_large_find(large)), 2 * BP_CHUNK_BYTES);
    CHECK_EQ(bp_span_large_bytes(bp_span_large_find(other)), BP_CHUNK_BYTES);
    CHECK_NULL(bp_span_large_find(large + 16));
    CHECK_NULL(bp_span_large_find(large + BP_CHUNK_BYTES));
    CHECK_NULL(bp_span_large_find(object(small, 0)));
    CHECK_NULL(bp_span_large_find(bp_reservation.base));
    CHECK_NULL(bp_span_large_find(bp_reservation.base + bp_reservation.n_bytes - 65536));
    memset(large, 'x', 2 * BP_CHUNK_BYTES);
    bp_span_large_give(bp_span_large_find(large));
    CHECK_NULL(bp_span_large_find(large));
    CHECK_PTR(bp_span_large_take(BP_CHUNK_BYTES + 1, &zero), large);
    CHECK(!zero);
}

static void large_objects_have_an_end(void)
{
    bool zero;
    boot();
    size_t all = (size_t)(bp_reservation.arena_end - bp_reservation.arena_begin) << BP_CHUNK_SHIFT;
    CHECK_NULL(bp_span_large_take(SIZE_MAX, &zero));
    CHECK_NULL(bp_span_large_take(SIZE_MAX / 2, &zero));
    CHECK_NULL(bp_span_large_take(all + 1, &zero));
    char *large = bp_span_large_take(all, &zero);
    REQUIRE(large != NULL);
    CHECK_NULL(bp_span_large_take(1, &zero));
    bp_span_large_give(bp_span_large_find(large));
    CHECK_EQ(span_bytes(), 0);
}

// No chunk of its own would mean that it shares one.
static void empty_large_object_is_none_or_has_a_chunk(void)
{
    bool zero;
    boot();
    char *empty = bp_span_large_take(0, &zero);
    char *other = bp_span_large_take(1, &zero);
    CHECK(empty != other);
    CHECK(!empty || bp_span_large_find(empty));
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

UNIT_MAIN(UNIT_CASE(serves_each_class), UNIT_CASE(none_without_memory),
          UNIT_CASE(objects_come_back_once), UNIT_CASE(gathers_no_more_than_wanted),
          UNIT_CASE(fullest_first), UNIT_CASE(last_object_gives_the_span_back),
          UNIT_CASE(running_spans_stay), UNIT_CASE(parks_what_was_not_bumped),
          UNIT_CASE(parked_spans_drain), UNIT_CASE(holes_are_where_all_is_free),
          UNIT_CASE(ripe_where_all_is_free), UNIT_CASE(holes_grow),
          UNIT_CASE(overwritten_links_are_told), UNIT_CASE(worth_from_four_pages_on),
          UNIT_CASE(small_objects_need_whole_pages), UNIT_CASE(a_page_alone_stays),
          UNIT_CASE(large_objects_have_chunks_of_their_own), UNIT_CASE(large_objects_have_an_end),
          UNIT_CASE(sparse_when_many_spans_are_nearly_empty),
          UNIT_CASE(empty_large_object_is_none_or_has_a_chunk))
