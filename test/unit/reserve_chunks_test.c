// SPDX-License-Identifier: MIT
// reserve: chunks are taken lowest first, dirty ones before others, and go back to the system.
#include "core/counters.h"
#include "fault_hook.h"
#include "paused_call.h"
#include "reserve/chunks.h"
#include "reserve/meta.h"
#include "reserve/reserve.h"
#include "reserve/stamp.h"
#include "unit.h"

enum { FIRST_WINDOW = 32, LATER_WINDOW = 512 }; // chunks: 2 and 32 MiB
static bool zero;

static uint32_t boot(size_t n_bytes)
{
    bp_reserve_init(n_bytes);
    REQUIRE(bp_reservation.n_bytes == n_bytes);
    return bp_reservation.arena_begin;
}

static uint32_t take(uint32_t count)
{
    return bp_chunks_take(count, &zero);
}

static size_t bytes(size_t chunks)
{
    return chunks * BP_CHUNK_BYTES;
}

static uint32_t frontier(void)
{
    return (uint32_t)(bp_hot.arena_units >> (BP_CHUNK_SHIFT - 4));
}

static size_t dirty_bytes(void)
{
    return bp_load_relaxed(&bp_counters.dirty_bytes);
}

static void fill(uint32_t chunk, uint32_t count)
{
    memset(bp_chunk_address(chunk), 'x', bytes(count));
}

static void check_zero(uint32_t chunk, uint32_t count)
{
    CHECK_FMT(pattern_nonzero(bp_chunk_address(chunk), bytes(count)) == bytes(count),
              "chunk %u is not zero", chunk);
}

static void first_ones_are_lowest_and_zero(void)
{
    uint32_t begin = boot(16 * BP_TIB);
    CHECK_EQ(take(1), begin);
    CHECK(zero);
    CHECK_EQ(take(3), begin + 1);
    CHECK(zero);
    check_zero(begin, 4);
    fill(begin, 4);
    CHECK_EQ(frontier(), begin + FIRST_WINDOW);
    CHECK_EQ(bp_load_relaxed(&bp_counters.span_bytes), bytes(4));
    CHECK(unit_readable(bp_chunk_map() + frontier() - 1));
    CHECK(!unit_readable(bp_chunk_address(frontier())));
}

static void windows_grow(void)
{
    uint32_t begin = boot(16 * BP_TIB);
    fault_none();
    for (uint32_t i = 0; i < 1024; i++)
        REQUIRE(take(1) == begin + i);
    CHECK_EQ(frontier(), begin + 1024);
    REQUIRE(take(1) == begin + 1024);
    CHECK_EQ(frontier(), begin + 1024 + LATER_WINDOW);
    CHECK_EQ(take(600), begin + 1025);
    CHECK_EQ(frontier(), begin + 1024 + 2 * LATER_WINDOW);
    CHECK_EQ(take(2000), begin + 1625);
    CHECK_EQ(frontier(), begin + 1625 + 2000);
}

static void given_chunks_are_dirty_and_reused(void)
{
    uint32_t begin = boot(BP_RESERVE_MIN);
    REQUIRE(take(2) == begin && take(2) == begin + 2);
    fill(begin, 4);
    bp_chunks_give(begin, 2);
    CHECK_EQ(dirty_bytes(), bytes(2));
    CHECK_EQ(bp_load_relaxed(&bp_counters.span_bytes), bytes(2));
    CHECK_EQ(take(1), begin);
    CHECK(!zero);
    CHECK_EQ(take(1), begin + 1);
    CHECK(!zero);
    CHECK_EQ(dirty_bytes(), 0);
    CHECK_EQ(take(1), begin + 4);
    CHECK(zero);
}

static void first_fit(void)
{
    uint32_t begin = boot(BP_RESERVE_MIN);
    REQUIRE(take(20) == begin);
    bp_chunks_give(begin + 1, 2);
    bp_chunks_give(begin + 6, 5);
    bp_chunks_give(begin + 13, 3);
    CHECK_EQ(take(3), begin + 6);
    CHECK_EQ(take(3), begin + 13);
    CHECK_EQ(take(1), begin + 1);
    CHECK_EQ(take(2), begin + 9);
    CHECK_EQ(take(1), begin + 2);
    CHECK_EQ(take(1), begin + 20);
}

// A clean hole that lies lower is left for later: reuse of dirty memory costs no fault.
static void dirty_before_clean(void)
{
    uint32_t begin = boot(BP_RESERVE_MIN);
    REQUIRE(take(8) == begin);
    fill(begin, 8);
    bp_chunks_give(begin + 1, 1);
    bp_chunks_give(begin + 5, 1);
    CHECK_EQ(bp_chunks_purge_oldest(SIZE_MAX), bytes(1));
    CHECK_EQ(take(1), begin + 5);
    CHECK(!zero);
    CHECK_EQ(take(1), begin + 1);
    CHECK(zero);
    check_zero(begin + 1, 1);
}

static void mixed_runs_are_not_zero(void)
{
    uint32_t begin = boot(BP_RESERVE_MIN);
    REQUIRE(take(8) == begin);
    fill(begin, 8);
    bp_chunks_give(begin + 2, 1);
    REQUIRE(bp_chunks_purge_oldest(SIZE_MAX) == bytes(1));
    bp_chunks_give(begin + 3, 1);
    CHECK_EQ(take(2), begin + 2);
    CHECK(!zero);
    CHECK_EQ(dirty_bytes(), 0);
}

// Growth begins in the free tail below the frontier.
static void grows_from_the_free_tail(void)
{
    uint32_t begin = boot(BP_RESERVE_MIN);
    REQUIRE(take(FIRST_WINDOW - 2) == begin);
    CHECK_EQ(take(10), begin + FIRST_WINDOW - 2);
    CHECK_EQ(frontier(), begin + 2 * FIRST_WINDOW);
}

static void purge_merges_neighbours(void)
{
    uint32_t begin = boot(BP_RESERVE_MIN);
    REQUIRE(take(20) == begin);
    fill(begin, 20);
    bp_chunks_give(begin + 5, 1); // the oldest, in the middle of what follows
    bp_chunks_give(begin + 12, 1);
    bp_chunks_give(begin + 3, 2);
    bp_chunks_give(begin + 6, 2);
    fault_none();
    CHECK_EQ(bp_chunks_purge_oldest(SIZE_MAX), bytes(5));
    CHECK_EQ(fault_plan.seen[BP_OS_PURGE], 1);
    CHECK_EQ(dirty_bytes(), bytes(1));
    CHECK_EQ(bp_load_relaxed(&bp_counters.purged_bytes), bytes(5));
    check_zero(begin + 3, 5);
    CHECK_EQ(*bp_chunk_address(begin + 2), 'x');
    CHECK_EQ(*bp_chunk_address(begin + 8), 'x');
    CHECK_EQ(bp_chunks_purge_oldest(SIZE_MAX), bytes(1));
    CHECK_EQ(bp_chunks_purge_oldest(SIZE_MAX), 0);
    CHECK_EQ(take(5), begin + 3);
    CHECK(zero);
}

static void stamps_tell_the_oldest(void)
{
    uint32_t begin = boot(BP_RESERVE_MIN);
    CHECK_EQ(bp_chunks_oldest_stamp(), BP_STAMP_NEVER);
    REQUIRE(take(8) == begin);
    uint32_t before = bp_stamp_next();
    bp_chunks_give(begin + 6, 1);
    uint32_t between = bp_stamp_next();
    bp_chunks_give(begin + 2, 1);
    CHECK(bp_stamp_older(before, bp_chunks_oldest_stamp()));
    CHECK(bp_stamp_older(bp_chunks_oldest_stamp(), between));
    REQUIRE(take(1) == begin + 2);
    CHECK(bp_stamp_older(bp_chunks_oldest_stamp(), between));
    REQUIRE(take(1) == begin + 6);
    CHECK_EQ(bp_chunks_oldest_stamp(), BP_STAMP_NEVER);
}

static void failed_purge_leaves_it_dirty(void)
{
    uint32_t begin = boot(BP_RESERVE_MIN);
    REQUIRE(take(4) == begin);
    fill(begin, 4);
    bp_chunks_give(begin, 3);
    fault_all(BP_OS_PURGE);
    CHECK_EQ(bp_chunks_purge_oldest(SIZE_MAX), 0);
    CHECK_EQ(dirty_bytes(), bytes(3));
    CHECK_EQ(bp_load_relaxed(&bp_counters.purge_failures), 1);
    CHECK_EQ(bp_load_relaxed(&bp_counters.purged_bytes), 0);
    fault_none();
    CHECK_EQ(take(1), begin);
    CHECK(!zero);
    CHECK_EQ(bp_chunks_purge_oldest(SIZE_MAX), bytes(2));
}

static void decommits_what_is_clean(void)
{
    uint32_t begin = boot(BP_RESERVE_MIN);
    REQUIRE(take(8) == begin);
    fill(begin, 8);
    bp_chunks_give(begin + 2, 2);
    bp_chunks_give(begin + 5, 1);
    REQUIRE(bp_chunks_purge_oldest(SIZE_MAX) == bytes(2));
    size_t committed = bp_load_relaxed(&bp_counters.committed_bytes);
    size_t clean = bytes(2 + FIRST_WINDOW - 8);
    CHECK_EQ(bp_chunks_decommit(), clean);
    CHECK_EQ(bp_load_relaxed(&bp_counters.committed_bytes), committed - clean);
    CHECK(!unit_readable(bp_chunk_address(begin + 2)));
    CHECK(!unit_readable(bp_chunk_address(begin + 31)));
    CHECK_EQ(*bp_chunk_address(begin + 5), 'x');
    CHECK_EQ(*bp_chunk_address(begin + 4), 'x');
    CHECK_EQ(bp_chunks_decommit(), 0);
    REQUIRE(take(1) == begin + 5);
    CHECK_EQ(take(2), begin + 2);
    CHECK(zero);
    check_zero(begin + 2, 2);
    fill(begin + 2, 2);
    CHECK_EQ(bp_load_relaxed(&bp_counters.committed_bytes), committed - clean + bytes(2));
}

static void nothing_to_decommit_at_first(void)
{
    CHECK_EQ(bp_chunks_decommit(), 0);
    boot(BP_RESERVE_MIN);
    CHECK_EQ(bp_chunks_decommit(), 0);
}

static void failed_decommit_changes_nothing(void)
{
    uint32_t begin = boot(BP_RESERVE_MIN);
    REQUIRE(take(1) == begin);
    size_t committed = bp_load_relaxed(&bp_counters.committed_bytes);
    fault_all(BP_OS_DECOMMIT);
    CHECK_EQ(bp_chunks_decommit(), 0);
    CHECK_EQ(bp_load_relaxed(&bp_counters.committed_bytes), committed);
    fault_none();
    CHECK_EQ(take(2), begin + 1);
    fill(begin + 1, 2);
    CHECK_EQ(fault_plan.seen[BP_OS_COMMIT], 0);
    CHECK_EQ(bp_chunks_decommit(), bytes(FIRST_WINDOW - 3)); // the next attempt succeeds
}

// Some of a reserved run may be committed already when the next commit fails.
static void failed_recommit_takes_nothing(void)
{
    uint32_t begin = boot(BP_RESERVE_MIN);
    REQUIRE(take(4) == begin);
    bp_chunks_give(begin, 3);
    REQUIRE(bp_chunks_purge_oldest(SIZE_MAX) && bp_chunks_decommit());
    for (unsigned nth = 1; nth <= 3; nth++) {
        fault_some(BP_OS_COMMIT, nth > 1 ? 2 : 1, ~0u);
        CHECK_EQ(take(3), 0);
        CHECK_EQ(bp_load_relaxed(&bp_counters.span_bytes), bytes(1));
    }
    fault_none();
    CHECK_EQ(take(3), begin);
    CHECK(zero);
    check_zero(begin, 3);
}

static void serves_to_the_last_chunk(void)
{
    uint32_t begin = boot(BP_RESERVE_MIN);
    uint32_t all = bp_reservation.arena_end - begin;
    for (uint32_t i = 0; i < all; i++) {
        REQUIRE(take(1) == begin + i);
        *bp_chunk_address(begin + i) = 'x';
    }
    CHECK_EQ(take(1), 0);
    CHECK_EQ(frontier(), bp_reservation.arena_end);
    bp_chunks_give(begin, all);
    CHECK_EQ(take(all + 1), 0);
    CHECK_EQ(take(all), begin);
    CHECK_EQ(bp_load_relaxed(&bp_counters.span_bytes), bytes(all));
}

static void small_commit_after_large_one_failed(void)
{
    uint32_t begin = boot(BP_RESERVE_MIN);
    REQUIRE(take(FIRST_WINDOW) == begin);
    fault_some(BP_OS_COMMIT, 1, 1);
    CHECK_EQ(take(3), begin + FIRST_WINDOW);
    CHECK_EQ(frontier(), begin + FIRST_WINDOW + 3);
    CHECK(zero);
    fill(begin + FIRST_WINDOW, 3);
}

// Whichever commit fails, the table of records included: nothing is taken, nothing is lost.
static void growth_survives_any_failed_commit(void)
{
    uint32_t begin = boot(16 * BP_TIB);
    unsigned nth = 1;
    for (uint32_t got = 0; !got; nth++) {
        fault_some(BP_OS_COMMIT, nth, ~0u);
        got = take(1);
        CHECK(got == 0 || got == begin);
        CHECK_EQ(bp_load_relaxed(&bp_counters.span_bytes), got ? bytes(1) : 0);
    }
    CHECK_FMT(nth > 3, "clean after %u commits", nth);
    fault_none();
    CHECK_EQ(take(100), begin + 1);
    fill(begin, 101);
}

// --- a thread that has chunks in its hands while another forks is not there in the child ---

static void purge_oldest(void)
{
    bp_chunks_purge_oldest(SIZE_MAX);
}

static void decommit(void)
{
    bp_chunks_decommit();
}

static void check_child(void)
{
    uint32_t begin = bp_reservation.arena_begin;
    fault_none();
    CHECK_EQ(take(1), begin + FIRST_WINDOW); // the others are in nobody's hands
    bp_chunks_after_fork();
    CHECK_EQ(take(3), begin);
    CHECK(zero);
    check_zero(begin, 3);
    fill(begin, 3);
    CHECK_EQ(bp_load_relaxed(&bp_counters.span_bytes), bytes(FIRST_WINDOW + 1));
    CHECK_EQ(dirty_bytes(), 0);
    bp_chunks_give(begin, 3);
    CHECK_EQ(bp_chunks_purge_oldest(SIZE_MAX), bytes(3));
}

static void fork_with_free_chunks(enum bp_os_call call, void (*body)(void))
{
    uint32_t begin = boot(BP_RESERVE_MIN);
    REQUIRE(take(FIRST_WINDOW) == begin);
    fill(begin, 3);
    bp_chunks_give(begin, 3);
    if (call == BP_OS_DECOMMIT)
        bp_chunks_purge_oldest(SIZE_MAX);
    pause_in(call, body);
    unit_expect_pass("check_child", check_child);
    pause_ends();
    CHECK_EQ(take(3), begin);
}

static void child_has_what_was_being_purged(void)
{
    fork_with_free_chunks(BP_OS_PURGE, purge_oldest);
}

static void child_has_what_was_being_decommitted(void)
{
    fork_with_free_chunks(BP_OS_DECOMMIT, decommit);
}

static void without_a_reservation_there_is_none(void)
{
    CHECK_EQ(take(1), 0);
    CHECK_EQ(bp_chunks_purge_oldest(SIZE_MAX), 0);
    CHECK_EQ(bp_chunks_oldest_stamp(), BP_STAMP_NEVER);
}

UNIT_MAIN(UNIT_CASE(first_ones_are_lowest_and_zero), UNIT_CASE(windows_grow),
          UNIT_CASE(given_chunks_are_dirty_and_reused), UNIT_CASE(first_fit),
          UNIT_CASE(dirty_before_clean), UNIT_CASE(mixed_runs_are_not_zero),
          UNIT_CASE(grows_from_the_free_tail), UNIT_CASE(purge_merges_neighbours),
          UNIT_CASE(stamps_tell_the_oldest), UNIT_CASE(failed_purge_leaves_it_dirty),
          UNIT_CASE(decommits_what_is_clean), UNIT_CASE(nothing_to_decommit_at_first),
          UNIT_CASE(failed_decommit_changes_nothing), UNIT_CASE(failed_recommit_takes_nothing),
          UNIT_CASE(serves_to_the_last_chunk), UNIT_CASE(small_commit_after_large_one_failed),
          UNIT_CASE(growth_survives_any_failed_commit), UNIT_CASE(child_has_what_was_being_purged),
          UNIT_CASE(child_has_what_was_being_decommitted),
          UNIT_CASE(without_a_reservation_there_is_none))
