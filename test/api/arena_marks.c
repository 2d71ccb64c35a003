// SPDX-License-Identifier: MIT
// Marks: which ones may be rewound to. A stack of all that live is the reference.
#include "api.h"
#include "prng.h"

enum { MARKS = 4000, ROUNDS = 60000 };

static struct bump_arena arena;

static void nests(void)
{
    struct bump_mark outer = bump_arena_mark(&arena);
    bump_arena_alloc(&arena, 100, 1);
    struct bump_mark inner = bump_arena_mark(&arena);
    bump_arena_alloc(&arena, 100, 1);
    CHECK_EQ(bump_arena_rewind(&arena, inner), 0);
    CHECK_EQ(bump_arena_rewind(&arena, inner), 0); // again and again
    CHECK_EQ(bump_arena_rewind(&arena, outer), 0);
    CHECK_EQ(bump_arena_rewind(&arena, inner), -EINVAL);
    bump_arena_alloc(&arena, 1000, 1); // beyond the stale place: the seed moved forward here
    CHECK_EQ(bump_arena_rewind(&arena, inner), -EINVAL);
    CHECK_EQ(bump_arena_used(&arena), 1000);
    CHECK_EQ(bump_arena_rewind(&arena, outer), 0);
    CHECK_EQ(bump_arena_used(&arena), 0);
}

static void ends_by_resets(void)
{
    struct bump_mark mark = bump_arena_mark(&arena);
    bump_arena_reset(&arena);
    CHECK_EQ(bump_arena_rewind(&arena, mark), -EINVAL);
    mark = bump_arena_mark(&arena);
    bump_arena_reset_keep(&arena);
    CHECK_EQ(bump_arena_rewind(&arena, mark), -EINVAL);
    mark = bump_arena_mark(&arena);
    bump_arena_reset_hard(&arena);
    CHECK_EQ(bump_arena_rewind(&arena, mark), -EINVAL);
}

static void ends_by_frees(void)
{
    char *object = bump_arena_alloc(&arena, 100, 1);
    struct bump_mark mark = bump_arena_mark(&arena);
    CHECK(bump_arena_free_last(&arena, object, 100));
    bump_arena_alloc(&arena, 200, 1);
    CHECK_EQ(bump_arena_rewind(&arena, mark), -EINVAL);
    bump_arena_reset_hard(&arena);
}

static void belongs_to_its_arena(void)
{
    struct bump_arena other = {0};
    bump_arena_alloc(&other, 1, 1);
    CHECK_EQ(bump_arena_rewind(&arena, bump_arena_mark(&other)), -EINVAL);
    bump_arena_destroy(&other);
}

static void knows_of_shared_frees(void)
{
    struct bump_arena shared = {0};
    REQUIRE(bump_arena_create(&shared, MIB, BUMP_ARENA_SHARED) == 0);
    char *object = bump_arena_alloc(&shared, 100, 1);
    struct bump_mark mark = bump_arena_mark(&shared);
    CHECK_EQ(bump_arena_rewind(&shared, mark), 0);
    CHECK(bump_arena_free_last(&shared, object, 100));
    bump_arena_alloc(&shared, 200, 1);
    CHECK_EQ(bump_arena_rewind(&shared, mark), -EINVAL);
    CHECK_EQ(bump_arena_rewind(&shared, bump_arena_mark(&shared)), 0);
    bump_arena_destroy(&shared);
}

// A mark lives while its bit is set; rewinding clears it for all that are higher and older than
// now.
static struct bump_mark mark[MARKS];
static bool alive[MARKS];

static void kill_above(size_t offset_bytes)
{
    for (int i = 0; i < MARKS; i++)
        alive[i] = alive[i] && mark[i].offset_bytes <= offset_bytes;
}

static void agrees_with_the_reference(uint64_t seed)
{
    struct prng rng = {seed};
    for (int i = 0; i < ROUNDS && !check_failures; i++) {
        size_t at = prng_below(&rng, MARKS);
        if (prng_below(&rng, 3)) {
            bump_arena_alloc(&arena, prng_below(&rng, 100), 1);
            mark[at] = bump_arena_mark(&arena);
            alive[at] = true;
        } else if (alive[at]) { // a mark that lives is never refused
            CHECK_EQ(bump_arena_rewind(&arena, mark[at]), 0);
            CHECK_EQ(bump_arena_used(&arena), mark[at].offset_bytes);
            kill_above(mark[at].offset_bytes);
        } else if (mark[at].arena) { // one that does not, always
            CHECK_EQ(bump_arena_rewind(&arena, mark[at]), -EINVAL);
        }
        if (prng_below(&rng, 5000) == 0) {
            bump_arena_reset(&arena);
            memset(alive, 0, sizeof alive);
        }
    }
}

// A parser that tries, goes back and goes on: none of what it gave up is ever mistaken for live.
static void remembers_all_falls(void)
{
    static struct bump_mark stale[MARKS];
    bump_arena_reset_hard(&arena);
    for (int i = 0; i < MARKS; i++) {
        struct bump_mark low = bump_arena_mark(&arena);
        bump_arena_alloc(&arena, 50, 1);
        stale[i] = bump_arena_mark(&arena);
        CHECK_EQ(bump_arena_rewind(&arena, low), 0);
        bump_arena_alloc(&arena, 100, 1);
    }
    for (int i = 0; i < MARKS; i++)
        CHECK_EQ(bump_arena_rewind(&arena, stale[i]), -EINVAL);
}

// 16 live marks are free of charge, and so are those at the same place.
static void takes_little(void)
{
    bump_arena_reset_hard(&arena);
    struct bump_mark first = bump_arena_mark(&arena);
    for (int i = 1; i < BUMP_ARENA_MARKS; i++) {
        bump_arena_alloc(&arena, 1, 1);
        bump_arena_mark(&arena);
        bump_arena_mark(&arena);
    }
    CHECK_EQ(bump_arena_used(&arena), BUMP_ARENA_MARKS - 1);
    bump_arena_alloc(&arena, 1, 1);
    struct bump_mark last = bump_arena_mark(&arena);
    CHECK_EQ(last.offset_bytes, BUMP_ARENA_MARKS + 264);
    CHECK_EQ(bump_arena_rewind(&arena, first), 0);
    CHECK_EQ(bump_arena_used(&arena), 0);
    CHECK_EQ(bump_arena_rewind(&arena, last), -EINVAL);
}

static void is_stale_when_there_is_no_room(void)
{
    struct bump_arena small = {0};
    REQUIRE(bump_arena_create(&small, 4096, 0) == 0);
    struct bump_mark live = bump_arena_mark(&small), full = live;
    while (bump_arena_alloc(&small, 1, 1) && full.arena)
        full = bump_arena_mark(&small);
    CHECK_EQ(bump_arena_rewind(&small, full), -EINVAL);
    CHECK_EQ(bump_arena_rewind(&small, live), 0);
    CHECK_EQ(bump_arena_used(&small), 0);
    bump_arena_destroy(&small);
}

static void ends_with_its_arena(void)
{
    struct bump_arena small = {0};
    struct bump_mark taken = bump_arena_mark(&small); // creates it
    CHECK_EQ(bump_arena_rewind(&small, taken), 0);
    bump_arena_destroy(&small);
    REQUIRE(bump_arena_create(&small, 4096, 0) == 0);
    bump_arena_mark(&small);
    CHECK_EQ(bump_arena_rewind(&small, taken), -EINVAL);
    bump_arena_destroy(&small);
}

// The stack's blocks lie in several reservations, and in the one that is left.
static void survives_segments(void)
{
    enum { N = 2000 };
    static struct bump_mark taken[N];
    struct bump_arena chained = {0};
    REQUIRE(bump_arena_create(&chained, 64 * KIB, BUMP_ARENA_CHAIN) == 0);
    for (int i = 0; i < N; i++) {
        bump_arena_alloc(&chained, 300, 1);
        taken[i] = bump_arena_mark(&chained);
    }
    for (int i = N - 1; i >= 0; i -= 7) {
        CHECK_EQ(bump_arena_rewind(&chained, taken[i]), 0);
        CHECK_EQ(bump_arena_used(&chained), taken[i].offset_bytes);
        CHECK(i == N - 1 || bump_arena_rewind(&chained, taken[i + 1]) == -EINVAL);
    }
    bump_arena_destroy(&chained);
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 20260102;
    check_print("seed %llu", (unsigned long long)seed);
    REQUIRE(bump_arena_create(&arena, 256 * MIB, 0) == 0);
    nests();
    ends_by_resets();
    ends_by_frees();
    belongs_to_its_arena();
    knows_of_shared_frees();
    agrees_with_the_reference(seed);
    remembers_all_falls();
    takes_little();
    is_stale_when_there_is_no_room();
    ends_with_its_arena();
    survives_segments();
    bump_arena_destroy(&arena);
    return check_end();
}
