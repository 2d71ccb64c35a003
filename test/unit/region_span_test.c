// SPDX-License-Identifier: MIT
// region: spans from birth to death, and which of them gives its objects first.
#include "fault_hook.h"
#include "os/os.h"
#include "reserve/chunks.h"
#include "span_unit.h"

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

UNIT_MAIN(UNIT_CASE(serves_each_class), UNIT_CASE(none_without_memory),
          UNIT_CASE(objects_come_back_once), UNIT_CASE(gathers_no_more_than_wanted),
          UNIT_CASE(fullest_first), UNIT_CASE(last_object_gives_the_span_back),
          UNIT_CASE(running_spans_stay), UNIT_CASE(parks_what_was_not_bumped),
          UNIT_CASE(parked_spans_drain), UNIT_CASE(large_objects_have_chunks_of_their_own),
          UNIT_CASE(large_objects_have_an_end), UNIT_CASE(sparse_when_many_spans_are_nearly_empty),
          UNIT_CASE(empty_large_object_is_none_or_has_a_chunk))
