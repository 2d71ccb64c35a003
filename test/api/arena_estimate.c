// SPDX-License-Identifier: MIT
// The estimate at resets against Zig-TempAllocator's formula, written down again from its text with
// wide arithmetic; and what it is good for.
#include "api.h"
#include "prng.h"

typedef unsigned __int128 wide;

struct reference {
    wide estimate, previous, committed;
    wide contract, expand, fast;
};

static wide scaled(wide distance, wide scale)
{
    wide s = distance >= ((wide)1 << 20) ? distance / 1024 * scale : distance * scale / 1024;
    return s > 1 ? s : 1;
}

static wide round_up(wide value)
{
    return (value + STEP - 1) / STEP * STEP;
}

static void reference_reset(struct reference *r, wide used)
{
    wide e = r->estimate, kept = round_up(e + STEP), average = used / 2 + r->previous / 2;
    if (e == 0)
        e = used;
    else if (used > e && used > kept && r->previous > kept)
        e += scaled((used > r->previous ? used : r->previous) - e, r->fast);
    else if (used > e)
        e += average > e ? scaled(average - e, r->expand) : 0;
    else if (used < e)
        e -= scaled(e - used, r->contract);
    r->estimate = e;
    r->previous = used;
}

static void follows(uint64_t seed, const struct bump_arena_learning *learning)
{
    struct bump_arena arena = {0};
    struct reference r = {0, 0, 0, 1, 64, 1024};
    struct prng rng = {seed};
    REQUIRE(bump_arena_create(&arena, 256 * MIB, 0) == 0);
    if (learning) {
        REQUIRE(bump_arena_set_learning(&arena, learning) == 0);
        r.contract = learning->contract;
        r.expand = learning->expand;
        r.fast = learning->expand_fast;
    }
    for (int i = 0; i < 3000 && !check_failures; i++) {
        size_t used = i % 300 < 20 ? prng_size(&rng, 100 * MIB) : prng_size(&rng, 2 * MIB);
        REQUIRE(bump_arena_alloc(&arena, used, 1) != NULL);
        used = used ? used : 1;
        size_t before = bump_arena_committed(&arena);
        size_t released = bump_arena_reset(&arena);
        reference_reset(&r, used);
        size_t keep = (size_t)round_up(r.estimate + STEP);
        CHECK_EQ(bump_arena_estimate(&arena), (size_t)r.estimate);
        CHECK_EQ(bump_arena_committed(&arena), before < keep ? before : keep);
        CHECK_EQ(released, before > keep ? before - keep : 0);
    }
    bump_arena_destroy(&arena);
}

// How many resets until half of a surplus is forgotten, and half of a need learned.
static void has_the_half_lives(void)
{
    struct bump_arena arena = {0};
    int down = 0, up = 0;
    REQUIRE(bump_arena_create(&arena, GIB, 0) == 0);
    bump_arena_alloc(&arena, 64 * MIB, 1);
    bump_arena_reset(&arena);
    for (; bump_arena_estimate(&arena) > 32 * MIB; down++)
        bump_arena_reset(&arena);
    CHECK_EQ(down, 710);
    bump_arena_reset_hard(&arena);
    bump_arena_alloc(&arena, 10 * MIB, 1);
    bump_arena_reset(&arena);
    struct bump_arena_learning slow = {1, 64, 64, 0}; // never the fast way
    bump_arena_set_learning(&arena, &slow);
    for (; bump_arena_estimate(&arena) < 15 * MIB; up++) {
        bump_arena_alloc(&arena, 20 * MIB, 1);
        bump_arena_reset(&arena);
    }
    CHECK(up >= 11 && up <= 12);
    bump_arena_destroy(&arena);
}

// A single spike is cut back at once, unless the surplus is given some time.
static void has_patience(void)
{
    struct bump_arena arena = {0};
    struct bump_arena_learning patient = {1, 64, 1024, 3};
    REQUIRE(bump_arena_create(&arena, GIB, 0) == 0);
    CHECK_EQ(bump_arena_set_learning(&arena, &patient), 0);
    bump_arena_alloc(&arena, MIB, 1);
    bump_arena_reset(&arena);
    bump_arena_alloc(&arena, 100 * MIB, 1);
    size_t spike = bump_arena_committed(&arena);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(bump_arena_reset(&arena), 0);
        CHECK_EQ(bump_arena_committed(&arena), spike);
    }
    CHECK(bump_arena_reset(&arena) > 80 * MIB);
    bump_arena_destroy(&arena);
}

// Frames of one size make no system calls: what is committed stays the same.
static void settles(void)
{
    struct bump_arena arena = {0};
    size_t committed = 0;
    for (int frame = 0; frame < 200; frame++) {
        CHECK_NOT_NULL(bump_arena_alloc(&arena, 3 * MIB + 1000 * (frame % 7), 16));
        bump_arena_reset(&arena);
        if (frame == 20)
            committed = bump_arena_committed(&arena);
        if (frame > 20)
            CHECK_EQ(bump_arena_committed(&arena), committed);
    }
    bump_arena_destroy(&arena);
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 20260103;
    static const struct bump_arena_learning whole = {1024, 1024, 1024, 0}, odd = {37, 500, 3, 0};
    check_print("seed %llu", (unsigned long long)seed);
    follows(seed, NULL);
    follows(seed + 1, &whole);
    follows(seed + 2, &odd);
    has_the_half_lives();
    has_patience();
    settles();
    return check_end();
}
