// SPDX-License-Identifier: MIT
// bump_large under threads, against a model: every object is filled with a pattern that is checked
// before it goes; objects change threads, settings change meanwhile, and purges run. lgalloc's own
// stress (4 threads with single 4 MiB objects, and batches of 64 of 2 MiB) comes first.
#include "bumpalloc/large.h"
#include "bumpalloc/stable.h"
#include "bumpalloc/stats.h"
#include "prng.h"
#include "process.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { THREADS = 4, PLACES = 64, STEPS = 1500, BATCH = 64 };

struct object {
    char *start;
    size_t n_bytes;
    uint64_t seed;
    unsigned flags;
};

static struct object places[PLACES];
static pthread_mutex_t place_lock[PLACES];

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static char *alloc(size_t n_bytes, unsigned flags)
{
    void *object = NULL;
    REQUIRE(bump_large_alloc(n_bytes, flags, &object) == 0);
    return object;
}

static void *singles(void *unused)
{
    (void)unused;
    for (double end = seconds() + 0.5; seconds() < end;) {
        char *object = alloc(4 * MIB, 0);
        object[0] = object[4 * MIB - 1] = 'x';
        CHECK_EQ(bump_large_free(object), 0);
    }
    return NULL;
}

static void *batches(void *unused)
{
    (void)unused;
    for (double end = seconds() + 0.5; seconds() < end;) {
        char *objects[BATCH];
        for (int i = 0; i < BATCH; i++)
            *(objects[i] = alloc(2 * MIB, 0)) = (char)i;
        for (int i = 0; i < BATCH; i++) {
            CHECK_EQ(*objects[i], (char)i);
            CHECK_EQ(bump_large_free(objects[i]), 0);
        }
    }
    return NULL;
}

// A pattern at both ends and somewhere in the middle: whole objects would be all that it does.
static void parts(const struct object *it, void (*act)(const struct object *, size_t))
{
    act(it, 0);
    act(it, it->n_bytes / 2);
    act(it, it->n_bytes - 256);
}

static void part_fill(const struct object *it, size_t at)
{
    pattern_fill(it->start + at, 256, it->seed + at);
}

static void part_check(const struct object *it, size_t at)
{
    CHECK_FMT(pattern_mismatch(it->start + at, 256, it->seed + at) == 256, "%zu bytes at %zu",
              it->n_bytes, at);
}

static void part_zero(const struct object *it, size_t at)
{
    CHECK_FMT(pattern_nonzero(it->start + at, 256) == 256, "%zu bytes at %zu", it->n_bytes, at);
}

static void replace(struct object *it, struct prng *rng)
{
    static const unsigned flags[] = {0,
                                     0,
                                     BUMP_LARGE_ZERO,
                                     BUMP_LARGE_ZERO,
                                     BUMP_LARGE_HUGE,
                                     BUMP_LARGE_FILE,
                                     BUMP_LARGE_FILE | BUMP_LARGE_ZERO};
    if (it->start) {
        parts(it, part_check);
        if (prng_below(rng, 3))
            CHECK_EQ(bump_large_free(it->start), 0);
        else
            free(it->start);
    }
    it->flags = flags[prng_below(rng, sizeof flags / sizeof flags[0])];
    it->n_bytes = 4000 + (prng_next(rng) & ((8 * MIB >> prng_below(rng, 8)) - 1));
    it->seed = prng_next(rng);
    it->start = alloc(it->n_bytes, it->flags);
    if (it->flags & BUMP_LARGE_ZERO)
        parts(it, part_zero);
    parts(it, part_fill);
}

static void change_something(struct prng *rng)
{
    struct bump_large_config config = {
        .set = BUMP_LARGE_SET_EAGER_RETURN << prng_below(rng, 3),
        .eager_return = prng_below(rng, 2),
        .growth_dampener = prng_below(rng, 2) ? BUMP_LARGE_AUTO : prng_below(rng, 5),
        .local_buffer_bytes = prng_below(rng, 2) ? BUMP_LARGE_AUTO : prng_below(rng, 8 * MIB)};
    CHECK_EQ(bump_large_configure(&config), 0);
    struct bump_stats stats;
    bump_stats_get(&stats);
    bump_large_purge(prng_below(rng, 32 * MIB));
}

static void *model(void *seed)
{
    struct prng rng = {(uintptr_t)seed};
    for (int step = 0; step < STEPS; step++) {
        size_t at = prng_below(&rng, PLACES);
        pthread_mutex_lock(&place_lock[at]);
        replace(&places[at], &rng);
        pthread_mutex_unlock(&place_lock[at]);
        if (step % 100 == 0)
            change_something(&rng);
    }
    return NULL;
}

static void run(void *(*body)(void *))
{
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, body, (void *)(i + 1)) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void lgalloc_stress(void)
{
    run(singles);
    run(batches);
}

static void model_holds(void)
{
    struct bump_large_config config = {.set = BUMP_LARGE_SET_BACKGROUND,
                                       .background_interval_ms = 5,
                                       .background_clear_bytes = 4 * MIB};
    CHECK_EQ(bump_large_configure(&config), 0);
    for (int i = 0; i < PLACES; i++)
        pthread_mutex_init(&place_lock[i], NULL);
    run(model);
    for (int i = 0; i < PLACES; i++) {
        if (places[i].start) {
            parts(&places[i], part_check);
            CHECK_EQ(bump_large_free(places[i].start), 0);
        }
    }
}

static void counts_add_up(void)
{
    struct bump_large_class classes[64];
    size_t count = bump_stats_large(classes, 64);
    for (size_t i = 0; i < count; i++) {
        const struct bump_large_class *it = &classes[i];
        CHECK_FMT(it->allocations - it->deallocations == it->live_regions,
                  "class %zu: %zu - %zu, %zu live", it->class_bytes, it->allocations,
                  it->deallocations, it->live_regions);
    }
}

CHECK_MAIN(lgalloc_stress, model_holds, counts_add_up)
