// SPDX-License-Identifier: MIT
// reserve: the ladder, the layout, and the books of commit and decommit.
#include "base/bits.h"
#include "core/counters.h"
#include "fault_hook.h"
#include "reserve/meta.h"
#include "reserve/reserve.h"
#include "unit.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

enum { LADDER_STEPS = 19 }; // 16 TiB, 8 TiB, ... 64 MiB

static void check_no_reservation(void)
{
    char byte;
    CHECK_NULL(bp_reservation.base);
    CHECK_EQ(bp_reservation.n_bytes, 0);
    CHECK_EQ(bp_reservation.arena_begin, 0);
    CHECK_EQ(bp_reservation.arena_end, 0);
    CHECK_EQ(bp_reservation.region_count, 0);
    CHECK_NULL(bp_hot.base);
    CHECK_EQ(bp_hot.arena_units, 0);
    CHECK(!bp_reserve_owns(NULL) && !bp_reserve_owns(&byte));
}

static void check_regions(void)
{
    size_t share = (size_t)1 << bp_reservation.region_shift;
    size_t end = (size_t)bp_reservation.base + bp_reservation.n_bytes;
    CHECK_EQ(bp_reservation.region_count, BP_REGION_COUNT);
    CHECK_EQ(share, bp_reservation.n_bytes / 32);
    for (unsigned i = 0; i < BP_REGION_COUNT; i++) {
        CHECK_ALIGNED(bp_region_base(i), bp_min(share, BP_SLOT_ALIGN_MAX));
        CHECK((size_t)bp_region_base(i) + share <= end);
        CHECK_PTR(bp_region_base(i), bp_region_base(0) + i * share);
    }
    CHECK_PTR(bp_region_base(0), bp_chunk_address(bp_reservation.arena_end));
}

// The invariants of reserve.h, for a reservation of so many bytes.
static void check_layout(size_t n_bytes)
{
    const struct bp_reservation *it = &bp_reservation;
    CHECK_EQ(it->n_bytes, n_bytes);
    REQUIRE(it->base != NULL);
    CHECK_PTR(bp_hot.base, it->base);
    CHECK_EQ(bp_hot.arena_units, 0);
    CHECK_ALIGNED(it->base, n_bytes < BP_RESERVE_REGIONS_MIN ? 2 * BP_MIB : BP_GIB);
    CHECK((size_t)it->base + n_bytes <= BP_ADDRESS_MAX);
    CHECK(it->arena_begin > 0 && it->arena_begin < it->arena_end);
    CHECK_PTR(bp_chunk_map(), it->base);
    CHECK(bp_reserve_owns(it->base) && bp_reserve_owns(it->base + n_bytes - 1));
    CHECK(!bp_reserve_owns(it->base - 1) && !bp_reserve_owns(it->base + n_bytes));
    if (n_bytes >= BP_RESERVE_REGIONS_MIN) {
        check_regions();
    } else {
        CHECK_EQ(it->region_count, 0);
        CHECK_EQ((size_t)it->arena_end << BP_CHUNK_SHIFT, n_bytes);
    }
}

static unsigned ladder_step;

static void take_ladder_step(void)
{
    fault_some(BP_OS_RESERVE, 1, ladder_step);
    errno = 4711;
    bp_reserve_init(BP_RESERVE_DEFAULT);
    CHECK_EQ(errno, 4711);
    if (ladder_step < LADDER_STEPS) {
        CHECK_EQ(fault_plan.seen[BP_OS_RESERVE], ladder_step + 1);
        check_layout(BP_RESERVE_DEFAULT >> ladder_step);
    } else {
        CHECK_EQ(fault_plan.seen[BP_OS_RESERVE], LADDER_STEPS);
        check_no_reservation();
    }
}

static void ladder_halves(void)
{
    for (ladder_step = 0; ladder_step <= LADDER_STEPS; ladder_step++) {
        char name[32];
        snprintf(name, sizeof name, "ladder step %u", ladder_step);
        unit_expect_pass(name, take_ladder_step);
    }
}

static size_t wanted_bytes, expected_bytes;

static void take_wanted(void)
{
    bp_reserve_init(wanted_bytes);
    if (expected_bytes)
        check_layout(expected_bytes);
    else
        check_no_reservation();
}

static void sizes_are_rounded_down(void)
{
    static const struct {
        size_t wanted, expected;
    } sizes[] = {
        {0, 0},
        {1, 0},
        {BP_RESERVE_MIN - 1, 0},
        {BP_RESERVE_MIN, BP_RESERVE_MIN},
        {BP_RESERVE_MIN + 12345, BP_RESERVE_MIN},
        {101 * BP_MIB, 100 * BP_MIB},
        {3 * BP_GIB, 3 * BP_GIB},
        {64 * BP_GIB - 1, 64 * BP_GIB - 2 * BP_MIB},
        {64 * BP_GIB, 64 * BP_GIB},
        {100 * BP_GIB, 64 * BP_GIB},
        {5 * BP_TIB, 4 * BP_TIB},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char name[32];
        wanted_bytes = sizes[i].wanted;
        expected_bytes = sizes[i].expected;
        snprintf(name, sizeof name, "%zu wanted", wanted_bytes);
        unit_expect_pass(name, take_wanted);
    }
}

// More than there are addresses: the ladder ends somewhere.
static void too_much_is_cut(void)
{
    bp_reserve_init(SIZE_MAX);
    CHECK(bp_reservation.n_bytes >= BP_TIB && bp_reservation.n_bytes <= BP_ADDRESS_MAX / 2);
    check_layout(bp_reservation.n_bytes);
}

#if defined(_WIN32) // which has no such limit
static void leaves_room_under_a_limit(void)
{
    CHECK_EQ(bp_os_address_limit(), SIZE_MAX);
}
#else
// Under an address limit at least 3/8 stay for others.
static void leaves_room_under_a_limit(void)
{
    if (SANITIZED) // whose own maps are larger than the limit
        return;
    struct rlimit limit;
    REQUIRE(getrlimit(RLIMIT_AS, &limit) == 0);
    limit.rlim_cur = 4 * BP_GIB;
    REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
    bp_reserve_init(BP_RESERVE_DEFAULT);
    check_layout(BP_GIB);
    void *other;
    CHECK_EQ(bp_os_map(BP_GIB, 4096, &other), 0);
}
#endif

static void commit_keeps_books(void)
{
    bp_reserve_init(BP_RESERVE_MIN);
    char *at = bp_chunk_address(bp_reservation.arena_begin);
    CHECK(bp_reserve_commit(at, 4 * BP_CHUNK_BYTES));
    CHECK_EQ(bp_load_relaxed(&bp_counters.committed_bytes), 4 * BP_CHUNK_BYTES);
    memset(at, 1, 4 * BP_CHUNK_BYTES);
    CHECK(!unit_readable(at + 4 * BP_CHUNK_BYTES));
    CHECK(bp_reserve_decommit(at, BP_CHUNK_BYTES));
    CHECK_EQ(bp_load_relaxed(&bp_counters.committed_bytes), 3 * BP_CHUNK_BYTES);
    CHECK(!unit_readable(at) && unit_readable(at + BP_CHUNK_BYTES));
    CHECK_EQ(bp_load_relaxed(&bp_counters.commit_failures), 0);
}

static void failed_commit_changes_nothing(void)
{
    bp_reserve_init(BP_RESERVE_MIN);
    char *at = bp_chunk_address(bp_reservation.arena_begin);
    REQUIRE(bp_reserve_commit(at, BP_CHUNK_BYTES));
    *at = 'x';
    fault_all(BP_OS_COMMIT);
    CHECK(!bp_reserve_commit(at + BP_CHUNK_BYTES, BP_CHUNK_BYTES));
    fault_all(BP_OS_DECOMMIT);
    CHECK(!bp_reserve_decommit(at, BP_CHUNK_BYTES));
    CHECK_EQ(bp_load_relaxed(&bp_counters.committed_bytes), BP_CHUNK_BYTES);
    CHECK_EQ(bp_load_relaxed(&bp_counters.commit_failures), 1);
    CHECK(!unit_readable(at + BP_CHUNK_BYTES));
    CHECK_EQ(*at, 'x');
}

static void chunks_have_addresses(void)
{
    bp_reserve_init(BP_RESERVE_MIN);
    for (uint32_t chunk = 0; chunk < bp_reservation.arena_end; chunk++) {
        char *at = bp_chunk_address(chunk);
        CHECK_ALIGNED(at, BP_CHUNK_BYTES);
        CHECK_EQ(bp_chunk_of(at), chunk);
        CHECK_EQ(bp_chunk_of(at + BP_CHUNK_BYTES - 1), chunk);
    }
}

UNIT_MAIN(UNIT_CASE(check_no_reservation), UNIT_CASE(ladder_halves),
          UNIT_CASE(sizes_are_rounded_down), UNIT_CASE(too_much_is_cut),
          UNIT_CASE(leaves_room_under_a_limit), UNIT_CASE(commit_keeps_books),
          UNIT_CASE(failed_commit_changes_nothing), UNIT_CASE(chunks_have_addresses))
