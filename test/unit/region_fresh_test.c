// SPDX-License-Identifier: MIT
// region: which objects of a span were handed out once, as far as who frees one must know.
#include "region/size_class.h"
#include "region/span.h"
#include "reserve/reserve.h"
#include "unit.h"

enum { CLASS = 44 }; // 8 KiB: 8 objects a span
static struct bp_span_lists lists;

static struct bp_span *create(void)
{
    bp_reserve_init(128 * BP_MIB);
    REQUIRE(bp_reservation.n_bytes && bp_class[CLASS].span_objects == 8);
    struct bp_span *span = bp_span_create(CLASS, 0);
    REQUIRE(span != NULL);
    lists.span_count++;
    return span;
}

static char *object(const struct bp_span *span, unsigned index)
{
    return bp_chunk_address(span->first_chunk) + index * bp_class[CLASS].object_bytes;
}

// Of a running span, what lies before the limit that was noted; of a parked one, before its cursor.
static void knows_what_has_begun(void)
{
    struct bp_span *span = create();
    CHECK(!bp_span_has(CLASS, object(span, 0)));
    bp_span_note_limit(span, object(span, 5));
    for (unsigned i = 0; i < 8; i++)
        CHECK_EQ(bp_span_has(CLASS, object(span, i)), i < 5);
    CHECK(!bp_span_has(CLASS, object(span, 4) + 16));
    CHECK(!bp_span_has(CLASS, object(span, 7) + 16));
    bp_span_stop_locked(&lists, span, object(span, 3));
    for (unsigned i = 0; i < 8; i++)
        CHECK_EQ(bp_span_has(CLASS, object(span, i)), i < 3);
    bp_span_lose_notes();
    CHECK(bp_span_has(CLASS, object(span, 7)));
    CHECK(!bp_span_has(CLASS, object(span, 4) + 16));
}

static struct bp_span *half_begun;

static void put_what_has_not_begun(void)
{
    bp_span_put_locked(&lists, object(half_begun, 3));
}

static void put_into_lost_span(void)
{
    bp_span_lose_notes();
    put_what_has_not_begun();
}

// Behind the noted limit of a running span, and behind the cursor of a parked one.
static void fresh_places_are_not_put(void)
{
    half_begun = create();
    bp_span_note_limit(half_begun, object(half_begun, 3));
    CHECK(unit_aborted(unit_fork(put_what_has_not_begun)));
    unit_expect_pass("put_into_lost_span", put_into_lost_span);
    bp_span_stop_locked(&lists, half_begun, object(half_begun, 3));
    CHECK(unit_aborted(unit_fork(put_what_has_not_begun)));
}

UNIT_MAIN(UNIT_CASE(knows_what_has_begun), UNIT_CASE(fresh_places_are_not_put))
