// SPDX-License-Identifier: MIT
// reserve: chunks on a system that discards pages instead of purging them (bp_os_discard): they
// are free, neither dirty nor zero, and reused before they are touched.
#include "core/counters.h"
#include "discard_stub.h"
#include "fault_hook.h"
#include "paused_call.h"
#include "reserve/chunks.h"
#include "reserve/stamp.h"

enum { WINDOW = 32, CHUNK_PAGES = BP_CHUNK_BYTES / STUB_PAGE };
static bool zero;
static uint32_t begin;

static bool always(void)
{
    return true;
}

// Eight chunks in use and full.
static void boot(void)
{
    bp_reserve_init(BP_RESERVE_MIN);
    begin = bp_reservation.arena_begin;
    stub.discards = always;
    REQUIRE(bp_chunks_take(8, &zero) == begin);
    memset(bp_chunk_address(begin), 'x', 8 * BP_CHUNK_BYTES);
}

static uint32_t take(uint32_t count)
{
    return bp_chunks_take(count, &zero);
}

static size_t purge(void)
{
    return bp_chunks_purge_oldest(SIZE_MAX) / BP_CHUNK_BYTES;
}

static size_t dirty_chunks(void)
{
    return bp_load_relaxed(&bp_counters.dirty_bytes) / BP_CHUNK_BYTES;
}

static void fill(uint32_t chunk, uint32_t count)
{
    memset(bp_chunk_address(chunk), 'y', count * BP_CHUNK_BYTES);
}

static bool is_zero(uint32_t chunk, uint32_t count)
{
    return pattern_nonzero(bp_chunk_address(chunk), count * BP_CHUNK_BYTES) ==
           count * BP_CHUNK_BYTES;
}

static void are_free_and_not_dirty(void)
{
    boot();
    bp_chunks_give(begin + 2, 3);
    CHECK_EQ(purge(), 3);
    CHECK_EQ(stub.taken, 1);
    CHECK_EQ(dirty_chunks(), 0);
    CHECK_EQ(bp_load_relaxed(&bp_counters.purged_bytes), 3 * BP_CHUNK_BYTES);
    CHECK_EQ(bp_chunks_oldest_stamp(), BP_STAMP_NEVER);
    CHECK_EQ(purge(), 0);
    CHECK(!unit_readable(bp_chunk_address(begin + 4)));
}

static void are_reused_and_not_zero(void)
{
    boot();
    bp_chunks_give(begin + 2, 3);
    REQUIRE(purge() == 3);
    CHECK_EQ(take(2), begin + 2);
    CHECK(!zero);
    CHECK_EQ(stub.reused, 2 * CHUNK_PAGES); // of what was taken, no more
    fill(begin + 2, 2);
    CHECK(!unit_readable(bp_chunk_address(begin + 4)));
    CHECK_EQ(take(1), begin + 4);
    CHECK(!zero);
    fill(begin + 4, 1);
}

static void come_after_dirty_ones(void)
{
    boot();
    bp_chunks_give(begin + 1, 1);
    REQUIRE(purge() == 1);
    bp_chunks_give(begin + 5, 1);
    CHECK_EQ(take(1), begin + 5);
    CHECK_EQ(stub.reused, 0);
    CHECK_EQ(take(1), begin + 1);
    CHECK_EQ(stub.reused, CHUNK_PAGES);
}

// One discarded chunk in a run is enough, whatever the others are.
static void make_a_run_not_zero(void)
{
    boot();
    bp_chunks_give(begin + 6, 2); // before what was never used
    REQUIRE(purge() == 2);
    CHECK_EQ(take(5), begin + 6);
    CHECK(!zero);
    fill(begin + 6, 5);
    CHECK_EQ(take(1), begin + 11);
    CHECK(zero && is_zero(begin + 11, 1));
}

static void what_is_purged_instead_is_zero(void)
{
    boot();
    bp_chunks_give(begin + 2, 1);
    stub.discards = NULL;
    REQUIRE(purge() == 1);
    CHECK_EQ(take(1), begin + 2);
    CHECK(zero && is_zero(begin + 2, 1));
    CHECK_EQ(stub.reused, 0);
}

static void are_decommitted(void)
{
    boot();
    bp_chunks_give(begin + 2, 2);
    REQUIRE(purge() == 2);
    size_t committed = bp_load_relaxed(&bp_counters.committed_bytes);
    size_t idle = (size_t)(2 + WINDOW - 8) * BP_CHUNK_BYTES;
    CHECK_EQ(bp_chunks_decommit(), idle);
    CHECK_EQ(bp_load_relaxed(&bp_counters.committed_bytes), committed - idle);
    memset(stub_page(bp_chunk_address(begin + 2)), 0, 2 * CHUNK_PAGES); // mapped afresh
    CHECK_EQ(take(2), begin + 2);
    CHECK(zero && is_zero(begin + 2, 2));
    fill(begin + 2, 2);
}

static void failed_decommit_leaves_them_discarded(void)
{
    boot();
    bp_chunks_give(begin + 6, 2);
    REQUIRE(purge() == 2);
    fault_all(BP_OS_DECOMMIT);
    CHECK_EQ(bp_chunks_decommit(), 0);
    fault_none();
    CHECK_EQ(take(2), begin + 6);
    CHECK(!zero);
    CHECK_EQ(stub.reused, 2 * CHUNK_PAGES);
    fill(begin + 6, 2);
    CHECK_EQ(take(1), begin + 8); // was clean in the same run, and is
    CHECK(zero && is_zero(begin + 8, 1));
    CHECK_EQ(bp_chunks_decommit(), (size_t)(WINDOW - 9) * BP_CHUNK_BYTES);
}

// A span with punched holes was given back.
static void hole_make(uint32_t chunk)
{
    bool hole_zero;
    REQUIRE(bp_os_discard(bp_chunk_address(chunk) + STUB_PAGE, 3 * STUB_PAGE, &hole_zero) == 0);
    bp_chunks_give_holed(chunk, 1);
}

static void holes_are_reused_with_the_chunk(void)
{
    boot();
    hole_make(begin + 3);
    CHECK_EQ(dirty_chunks(), 1);
    CHECK_EQ(take(1), begin + 3);
    CHECK(!zero);
    CHECK_EQ(stub.reused, 3);
    fill(begin + 3, 1);
    bp_chunks_give(begin + 3, 1); // in the next life it has none
    CHECK_EQ(take(1), begin + 3);
    CHECK_EQ(stub.reused, 3);
}

static void holes_survive_a_failed_purge(void)
{
    boot();
    hole_make(begin + 3);
    fault_all(BP_OS_PURGE);
    CHECK_EQ(purge(), 0);
    fault_none();
    CHECK_EQ(dirty_chunks(), 1);
    CHECK_EQ(take(1), begin + 3);
    CHECK_EQ(stub.reused, 3);
    fill(begin + 3, 1);
}

static void holes_end_with_a_purge(void)
{
    boot();
    hole_make(begin + 3);
    stub.discards = NULL;
    CHECK_EQ(purge(), 1);
    CHECK_EQ(take(1), begin + 3);
    CHECK(zero && is_zero(begin + 3, 1));
}

// --- a thread that discards while another forks is not there in the child ---

static void purge_oldest(void)
{
    bp_chunks_purge_oldest(SIZE_MAX);
}

static void check_child(void)
{
    fault_none();
    bp_chunks_after_fork();
    CHECK_EQ(take(3), begin);
    CHECK(zero && is_zero(begin, 3));
    fill(begin, 3);
    CHECK_EQ(take(1), begin + 6); // discarded before the fork
    CHECK(!zero);
    fill(begin + 6, 1);
}

static void child_has_what_was_being_discarded(void)
{
    boot();
    bp_chunks_give(begin + 6, 1);
    REQUIRE(purge() == 1);
    bp_chunks_give(begin, 3);
    pause_in(BP_OS_PURGE, purge_oldest);
    unit_expect_pass("check_child", check_child);
    pause_ends();
    CHECK_EQ(take(3), begin);
    CHECK(!zero);
    fill(begin, 3);
}

UNIT_MAIN(UNIT_CASE(are_free_and_not_dirty), UNIT_CASE(are_reused_and_not_zero),
          UNIT_CASE(come_after_dirty_ones), UNIT_CASE(make_a_run_not_zero),
          UNIT_CASE(what_is_purged_instead_is_zero), UNIT_CASE(are_decommitted),
          UNIT_CASE(failed_decommit_leaves_them_discarded),
          UNIT_CASE(holes_are_reused_with_the_chunk), UNIT_CASE(holes_survive_a_failed_purge),
          UNIT_CASE(holes_end_with_a_purge), UNIT_CASE(child_has_what_was_being_discarded))
