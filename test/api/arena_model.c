// SPDX-License-Identifier: MIT
// Random operations on an arena beside a list of the objects that live: none may overlap, move, or
// change its content, and what is in use adds up. For one reservation, a chain, and a shared arena.
#include "api.h"
#include "prng.h"

enum { OBJECTS = 3000, OPERATIONS = 30000 };

struct object {
    char *at;
    size_t n_bytes;
    uint64_t seed;
};

static struct bump_arena arena;
static struct object list[OBJECTS];
static struct bump_mark marks[OBJECTS]; // taken before the object of that index
static size_t count, end_bytes;
static bool is_at_end; // the last object ends at the cursor: no padding of one that is gone
static struct prng rng;

static bool is_intact(const struct object *it)
{
    return pattern_mismatch(it->at, it->n_bytes, it->seed) == it->n_bytes;
}

static void fill(struct object *it)
{
    it->seed = prng_next(&rng);
    pattern_fill(it->at, it->n_bytes, it->seed);
}

static bool overlaps_any(const struct object *it)
{
    for (size_t i = 0; i < count; i++) {
        if (it->at < list[i].at + list[i].n_bytes && list[i].at < it->at + it->n_bytes)
            return true;
    }
    return false;
}

static void allocate(void)
{
    size_t align = (size_t)1 << prng_below(&rng, prng_below(&rng, 4) ? 6 : 15);
    bool zero = prng_below(&rng, 4) == 0;
    struct object it = {.n_bytes = prng_size(&rng, 20000) + 1};
    if (count == OBJECTS)
        return;
    marks[count] = bump_arena_mark(&arena);
    it.at = zero ? bump_arena_calloc(&arena, 1, it.n_bytes, align)
                 : bump_arena_alloc(&arena, it.n_bytes, align);
    if (!it.at) {
        CHECK(bump_arena_available(&arena) < it.n_bytes + align);
        CHECK_EQ(bump_arena_used(&arena), end_bytes);
        return;
    }
    CHECK_ALIGNED(it.at, align);
    CHECK(!zero || is_filled(it.at, it.n_bytes, 0));
    CHECK(bump_arena_owns(&arena, it.at, it.n_bytes));
    if (count % 16 == 0)
        CHECK(!overlaps_any(&it));
    fill(&it);
    list[count++] = it;
    is_at_end = true;
}

static void resize(void)
{
    if (!count)
        return;
    struct object *it = &list[prng_below(&rng, 3) ? count - 1 : prng_below(&rng, count)];
    size_t to = prng_size(&rng, 30000) + 1, used = bump_arena_used(&arena);
    bool last = it == &list[count - 1];
    bool done = bump_arena_resize(&arena, it->at, it->n_bytes, to);
    CHECK(done || to > it->n_bytes);
    CHECK(pattern_mismatch(it->at, to < it->n_bytes ? to : it->n_bytes, it->seed) >=
          (to < it->n_bytes ? to : it->n_bytes));
    size_t now = bump_arena_used(&arena);
    CHECK(now == used || (done && last && now == used - it->n_bytes + to));
    CHECK(!done || to <= it->n_bytes || now > used);
    CHECK(!(last && is_at_end) || now != used || !done || to == it->n_bytes);
    if (done) {
        it->n_bytes = to;
        fill(it);
    }
}

static void free_last(void)
{
    if (!count)
        return;
    struct object *it = &list[count - 1];
    CHECK(is_intact(it));
    bool done = bump_arena_free_last(&arena, it->at, it->n_bytes);
    CHECK(done || !is_at_end);
    count -= done;
    is_at_end = false;
}

static void rewind_some(void)
{
    size_t to = count - (count ? prng_below(&rng, count < 30 ? count : 30) : 0);
    if (to == count)
        return;
    CHECK_EQ(bump_arena_rewind(&arena, marks[to]), 0);
    count = to;
    is_at_end = false;
}

static void reset(void)
{
    if (prng_below(&rng, 100))
        return;
    for (size_t i = 0; i < count; i++)
        CHECK(is_intact(&list[i]));
    switch (prng_below(&rng, 3)) {
    case 0:
        bump_arena_reset(&arena);
        break;
    case 1:
        bump_arena_reset_keep(&arena);
        break;
    default:
        bump_arena_reset_hard(&arena);
    }
    is_at_end = false;
    count = 0;
    CHECK_EQ(bump_arena_used(&arena), 0);
    CHECK_EQ(bump_arena_high_water(&arena), 0);
}

static void step(void)
{
    void (*const steps[])(void) = {allocate, allocate,  allocate,    allocate, allocate,
                                   resize,   free_last, rewind_some, reset};
    end_bytes = bump_arena_used(&arena);
    steps[prng_below(&rng, 9)]();
    if (prng_below(&rng, 50) == 0)
        bump_arena_trim(&arena, prng_size(&rng, 4 * MIB));
    if (count)
        CHECK(is_intact(&list[prng_below(&rng, count)]));
    CHECK(bump_arena_high_water(&arena) >= bump_arena_used(&arena));
    CHECK(bump_arena_committed(&arena) >= bump_arena_used(&arena));
}

int main(int argc, char **argv)
{
    static const struct {
        size_t max_bytes;
        unsigned flags;
    } kinds[] = {{8 * MIB, 0}, {256 * KIB, BUMP_ARENA_CHAIN}, {8 * MIB, BUMP_ARENA_SHARED}};
    rng.state = argc > 1 ? strtoull(argv[1], NULL, 0) : 20260104;
    check_print("seed %llu", (unsigned long long)rng.state);
    for (int kind = 0; kind < 3; kind++) {
        count = 0;
        REQUIRE(bump_arena_create(&arena, kinds[kind].max_bytes, kinds[kind].flags) == 0);
        for (int i = 0; i < OPERATIONS && !check_failures; i++)
            step();
        bump_arena_destroy(&arena);
    }
    return check_end();
}
