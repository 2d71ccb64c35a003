// SPDX-License-Identifier: MIT
// A shared arena under a hundred threads, as in Zig-TempAllocator's test: every object belongs to
// one thread alone, last objects grow, shrink and go, and what is left over is known at the end.
#include "api.h"
#include "prng.h"

#include <pthread.h>

enum { THREADS = 100, ROUNDS = 1000, KEPT_BYTES = 24 };

static struct bump_arena arena;

static void check_and_refill(char *object, size_t n_bytes, uint64_t seed, uint64_t next)
{
    CHECK_EQ(pattern_mismatch(object, n_bytes, seed), n_bytes);
    pattern_fill(object, n_bytes, next);
}

static void round_of(struct prng *rng, uint64_t *ret_seed, char **ret_kept)
{
    size_t n_bytes = prng_size(rng, 300) + 1, to = prng_size(rng, 600) + 1;
    uint64_t seed = prng_next(rng);
    char *object = prng_below(rng, 4) ? bump_arena_alloc(&arena, n_bytes, 8)
                                      : bump_arena_calloc(&arena, 1, n_bytes, 8);
    REQUIRE(object != NULL);
    pattern_fill(object, n_bytes, seed);
    if (bump_arena_resize(&arena, object, n_bytes, to)) {
        CHECK_EQ(pattern_mismatch(object, n_bytes < to ? n_bytes : to, seed),
                 n_bytes < to ? n_bytes : to);
        n_bytes = to;
        pattern_fill(object, n_bytes, seed);
    }
    check_and_refill(object, n_bytes, seed, seed + 1);
    if (prng_below(rng, 2)) {
        bump_arena_free_last(&arena, object, n_bytes);
    } else if (n_bytes >= KEPT_BYTES && !*ret_kept) {
        *ret_kept = object;
        *ret_seed = seed + 1;
    }
}

static void *thread(void *argument)
{
    struct prng rng = {(uint64_t)(uintptr_t)argument};
    uint64_t seed = 0;
    char *kept = NULL;
    for (int i = 0; i < ROUNDS; i++)
        round_of(&rng, &seed, &kept);
    if (kept)
        CHECK_EQ(pattern_mismatch(kept, KEPT_BYTES, seed), KEPT_BYTES);
    return NULL;
}

static void run(unsigned flags)
{
    pthread_t threads[THREADS];
    REQUIRE(bump_arena_create(&arena, 256 * MIB, flags) == 0);
    for (int turn = 0; turn < 2; turn++) {
        for (uintptr_t i = 0; i < THREADS; i++)
            REQUIRE(pthread_create(&threads[i], NULL, thread, (void *)(i + 1000)) == 0);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        CHECK(bump_arena_used(&arena) > 0 && bump_arena_used(&arena) < 256 * MIB);
        CHECK(bump_arena_high_water(&arena) >= bump_arena_used(&arena));
        CHECK(bump_arena_committed(&arena) >= bump_arena_high_water(&arena));
        bump_arena_reset(&arena);
        CHECK_EQ(bump_arena_used(&arena), 0);
    }
    bump_arena_destroy(&arena);
}

// Threads that fill an arena get every byte of it, and none twice.
static void *fill(void *argument)
{
    size_t *objects = argument;
    for (char *object; (object = bump_arena_alloc(&arena, 64, 1)); ++*objects) {
        CHECK(is_filled(object, 64, 0));
        memset(object, 1, 64);
    }
    return NULL;
}

static void shares_out_every_byte(void)
{
    pthread_t threads[8];
    size_t objects[8] = {0}, total = 0;
    REQUIRE(bump_arena_create(&arena, 8 * MIB, BUMP_ARENA_SHARED) == 0);
    for (int i = 0; i < 8; i++)
        REQUIRE(pthread_create(&threads[i], NULL, fill, &objects[i]) == 0);
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        total += objects[i];
    }
    CHECK_EQ(total, 8 * MIB / 64);
    CHECK_EQ(bump_arena_available(&arena), 0);
    bump_arena_destroy(&arena);
}

int main(void)
{
    run(BUMP_ARENA_SHARED);
    run(BUMP_ARENA_SHARED | BUMP_ARENA_STRICT);
    shares_out_every_byte();
    return check_end();
}
