// SPDX-License-Identifier: MIT
// reserve: metadata areas lie apart, grow from their starts, and end in a guard.
#include "base/bits.h"
#include "fault_hook.h"
#include "reserve/meta.h"
#include "reserve/reserve.h"
#include "unit.h"

static unsigned area_count(void)
{
    return BP_META_SLOTS + bp_reservation.region_count;
}

static size_t bytes_needed(unsigned area)
{
    size_t chunks = bp_reservation.arena_end;
    switch (area) {
    case BP_META_CHUNK_MAP:
        return 2 * chunks;
    case BP_META_CHUNKS:
        return (chunks + 63) / 64 * (64 * 16 + 2 * 8);
    case BP_META_SPANS:
        return chunks * BP_SPAN_RECORD_BYTES;
    case BP_META_HEAPS:
        return 256 * BP_HEAP_RECORD_BYTES;
    default:
        return ((size_t)1 << bp_reservation.region_shift >>
                (BP_SLOT_MIN_SHIFT + area - BP_META_SLOTS)) *
               BP_SLOT_RECORD_BYTES;
    }
}

static void check_areas(size_t reserve_bytes)
{
    size_t page = bp_os_page_bytes();
    bp_reserve_init(reserve_bytes);
    REQUIRE(bp_reservation.n_bytes == reserve_bytes);
    char *free_from = bp_reservation.base;
    for (unsigned i = 0; i < area_count(); i++) {
        char *begin = bp_meta_begin((enum bp_meta_area)i);
        size_t capacity = bp_meta_capacity((enum bp_meta_area)i);
        CHECK_FMT(begin >= free_from, "area %u is inside another, or its guard", i);
        CHECK_ALIGNED(begin, page);
        CHECK_FMT(capacity % page == 0 && capacity >= bytes_needed(i), "area %u: %zu of %zu", i,
                  capacity, bytes_needed(i));
        CHECK(bp_meta_committed[i] == 0 || i == BP_META_CHUNKS || i == BP_META_SPANS);
        CHECK(!unit_readable(begin));
        free_from = begin + capacity + page;
    }
    CHECK(free_from <= bp_chunk_address(bp_reservation.arena_begin));
    CHECK_PTR(bp_meta_begin(BP_META_CHUNK_MAP), bp_reservation.base);
}

// A case each, since a process reserves once.
#define AREAS_LIE_APART(name, bytes)                                                               \
    static void areas_lie_apart_##name(void)                                                       \
    {                                                                                              \
        check_areas(bytes);                                                                        \
    }
AREAS_LIE_APART(64m, 64 * BP_MIB)
AREAS_LIE_APART(100m, 100 * BP_MIB)
AREAS_LIE_APART(1g, BP_GIB)
AREAS_LIE_APART(64g, 64 * BP_GIB)
AREAS_LIE_APART(128g, 128 * BP_GIB)
AREAS_LIE_APART(1t, BP_TIB)
AREAS_LIE_APART(16t, 16 * BP_TIB)

static void grows_from_the_start(void)
{
    bp_reserve_init(16 * BP_TIB);
    char *begin = bp_meta_begin(BP_META_HEAPS);
    size_t last = 0;
    fault_none();
    for (size_t want = 1; want < 8 * BP_MIB; want = want * 3 + 1) {
        REQUIRE(bp_meta_commit(BP_META_HEAPS, want));
        size_t committed = bp_meta_committed[BP_META_HEAPS];
        CHECK(committed >= want && committed >= last);
        CHECK(committed <= 2 * want + 2 * BP_CHUNK_BYTES);
        CHECK_EQ(pattern_nonzero(begin + last, committed - last), committed - last);
        memset(begin + last, 1, committed - last);
        CHECK(!unit_readable(begin + committed));
        last = committed;
    }
    CHECK_FMT(fault_plan.seen[BP_OS_COMMIT] < 20, "%u commits", fault_plan.seen[BP_OS_COMMIT]);
}

// Records of chunks before the arena area are never committed, the first one in it is.
static void unused_records_are_skipped(void)
{
    bp_reserve_init(16 * BP_TIB);
    char *first = (char *)bp_meta_begin(BP_META_SPANS) +
                  (size_t)bp_reservation.arena_begin * BP_SPAN_RECORD_BYTES;
    REQUIRE(bp_meta_commit(BP_META_SPANS,
                           (bp_reservation.arena_begin + 1) * (size_t)BP_SPAN_RECORD_BYTES));
    char *begin = (char *)bp_meta_begin(BP_META_SPANS) + bp_meta_skipped[BP_META_SPANS];
    CHECK(begin <= first && first < begin + bp_os_page_bytes());
    CHECK(!unit_readable(begin - 1) && unit_readable(begin));
    CHECK(unit_readable(first));
    REQUIRE(bp_meta_commit_chunks(bp_reservation.arena_begin + 1));
    begin = (char *)bp_meta_begin(BP_META_CHUNKS) + bp_meta_skipped[BP_META_CHUNKS];
    CHECK(bp_meta_skipped[BP_META_CHUNKS] && !unit_readable(begin - 1) && unit_readable(begin));
    CHECK(unit_readable(bp_chunk_map() + bp_reservation.arena_begin));
}

static void committed_bytes_cost_no_call(void)
{
    bp_reserve_init(BP_RESERVE_MIN);
    REQUIRE(bp_meta_commit(BP_META_HEAPS, 100));
    fault_none();
    CHECK(bp_meta_commit(BP_META_HEAPS, 0));
    CHECK(bp_meta_commit(BP_META_HEAPS, bp_meta_committed[BP_META_HEAPS]));
    CHECK_EQ(fault_plan.seen[BP_OS_COMMIT], 0);
}

static void ends_in_a_guard(void)
{
    bp_reserve_init(BP_RESERVE_MIN);
    for (unsigned i = 0; i < BP_META_SLOTS; i++) {
        enum bp_meta_area area = (enum bp_meta_area)i;
        size_t capacity = bp_meta_capacity(area);
        char *end = (char *)bp_meta_begin(area) + capacity;
        REQUIRE(bp_meta_commit(area, capacity));
        CHECK_EQ(bp_meta_committed[area], capacity);
        CHECK(!bp_meta_commit(area, capacity + 1));
        CHECK_EQ(bp_meta_committed[area], capacity);
        CHECK(unit_writable(end - 1));
    }
    for (unsigned i = 0; i < BP_META_SLOTS; i++) {
        enum bp_meta_area area = (enum bp_meta_area)i;
        char *end = (char *)bp_meta_begin(area) + bp_meta_capacity(area);
        CHECK_FMT(!unit_readable(end), "area %u has no guard", i);
    }
}

// A large step that is refused is tried again as small as it may be.
static void falls_back_to_what_is_needed(void)
{
    size_t page = bp_os_page_bytes();
    bp_reserve_init(BP_RESERVE_MIN);
    fault_some(BP_OS_COMMIT, 1, 1);
    CHECK(bp_meta_commit(BP_META_HEAPS, page + 1));
    CHECK_EQ(bp_meta_committed[BP_META_HEAPS], 2 * page);
    CHECK_EQ(fault_plan.seen[BP_OS_COMMIT], 2);
}

static void failure_changes_nothing(void)
{
    bp_reserve_init(BP_RESERVE_MIN);
    REQUIRE(bp_meta_commit(BP_META_HEAPS, 1));
    size_t committed = bp_meta_committed[BP_META_HEAPS];
    fault_all(BP_OS_COMMIT);
    CHECK(!bp_meta_commit(BP_META_HEAPS, committed + 1));
    CHECK_EQ(bp_meta_committed[BP_META_HEAPS], committed);
    fault_none();
    CHECK(bp_meta_commit(BP_META_HEAPS, committed + 1));
}

UNIT_MAIN(UNIT_CASE(areas_lie_apart_64m), UNIT_CASE(areas_lie_apart_100m),
          UNIT_CASE(areas_lie_apart_1g), UNIT_CASE(areas_lie_apart_64g),
          UNIT_CASE(areas_lie_apart_128g), UNIT_CASE(areas_lie_apart_1t),
          UNIT_CASE(areas_lie_apart_16t), UNIT_CASE(grows_from_the_start),
          UNIT_CASE(unused_records_are_skipped), UNIT_CASE(committed_bytes_cost_no_call),
          UNIT_CASE(ends_in_a_guard), UNIT_CASE(falls_back_to_what_is_needed),
          UNIT_CASE(failure_changes_nothing))
