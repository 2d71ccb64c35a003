// SPDX-License-Identifier: MIT
// BUMPALLOC_NOFREE=1: one run, whatever the size; the last object alone comes back.
#include "bumpalloc/large.h"
#include "bumpalloc/stable.h"
#include "prng.h"
#include "process.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

enum { HEADER = 8, OBJECTS = 2000 };
static void *(*volatile resize)(void *, size_t) = realloc;
static void *(*volatile allocate)(size_t) = malloc;

static size_t place_of(size_t n)
{
    return (n + HEADER + 15) / 16 * 16;
}

static void sizes_are_mixed_in_one_run(void)
{
    struct prng rng = {1};
    char *before = allocate(100);
    size_t n_before = 100;
    for (int i = 0; i < OBJECTS; i++) {
        size_t n = prng_size(&rng, 200 * KIB);
        char *object = allocate(n);
        REQUIRE(object != NULL);
        CHECK_ALIGNED(object, 16);
        CHECK_FMT(object == before + place_of(n_before), "object %d of %zu: %p after %p", i, n,
                  (void *)object, (void *)before);
        CHECK_EQ(malloc_usable_size(object), place_of(n) - HEADER);
        memset(object, 'x', malloc_usable_size(object));
        before = object;
        n_before = n;
    }
}

static void free_does_nothing(void)
{
    char *objects[100];
    for (size_t i = 0; i < 100; i++)
        pattern_fill(objects[i] = allocate(i + 1), i + 1, i);
    char *end = allocate(1);
    for (size_t i = 0; i < 100; i++)
        free(objects[i]);
    for (size_t i = 0; i < 100; i++)
        CHECK((char *)allocate(i + 1) > end);
    for (size_t i = 0; i < 100; i++)
        CHECK_EQ(pattern_mismatch(objects[i], i + 1, i), i + 1);
}

static void the_last_object_comes_back(void)
{
    char *first = allocate(100), *second = allocate(5000);
    free(second);
    CHECK_PTR(allocate(20), second);
    free(second);
    free(first); // the last one now
    CHECK_PTR(allocate(MIB), first);
    free(first);
    memset(allocate(1000), 'x', 1000);
    free(first);
    char *zeroed = calloc(1, 3000);
    CHECK_PTR(zeroed, first);
    CHECK_EQ(pattern_nonzero(zeroed, 3000), 3000);
}

static void the_last_object_grows(void)
{
    char *object = allocate(10);
    pattern_fill(object, 10, 2);
    size_t before = 10;
    for (size_t n = 11; n < 20 * MIB; n = n * 3 / 2 + 1) {
        CHECK_PTR(resize(object, n), object);
        CHECK_EQ(pattern_mismatch(object, before, 2), before);
        pattern_fill(object, n, 2);
        before = n;
    }
    CHECK_PTR(resize(object, 50), object);
    char *next = allocate(10);
    CHECK_PTR(next, object + place_of(50));
    CHECK_PTR(resize(object, 20), object); // not the last any more
    char *moved = resize(object, 100);
    CHECK(moved > next);
    CHECK_EQ(pattern_mismatch(moved, 20, 2), 20);
    CHECK_NULL(resize(moved, (size_t)PTRDIFF_MAX));
    CHECK_EQ(pattern_mismatch(moved, 20, 2), 20);
    CHECK_NULL(resize(moved, 0));
}

static void alignments_hold(void)
{
    for (size_t align = 16; align <= 4 * MIB; align *= 2) {
        void *object = NULL;
        CHECK_EQ(posix_memalign(&object, align, 100), 0);
        CHECK_ALIGNED(object, align);
        memset(object, 'x', malloc_usable_size(object));
        CHECK_ALIGNED(allocate(1), 16);
    }
}

static void other_calls_go_on(void)
{
    void *object = NULL;
    char *stable = bump_stable_alloc(10, MIB);
    REQUIRE(stable != NULL);
    CHECK_EQ(bump_stable_resize(stable, MIB), 0);
    memset(stable, 'x', MIB);
    free(stable);
    CHECK_EQ(bump_stable_usable(stable), 0);
    CHECK_EQ(bump_large_alloc_auto(MIB, BUMP_LARGE_ZERO, &object, NULL), 0);
    CHECK_EQ(pattern_nonzero(object, MIB), MIB);
    CHECK_EQ(bump_large_free(object), 0);
    CHECK(malloc_trim(0) >= 0);
}

static void *fill(void *seed)
{
    char *objects[OBJECTS];
    uintptr_t tag = (uintptr_t)seed;
    for (size_t i = 0; i < OBJECTS; i++)
        pattern_fill(objects[i] = allocate(i), i, tag + i);
    for (size_t i = 0; i < OBJECTS; i++) {
        CHECK_EQ(pattern_mismatch(objects[i], i, tag + i), i);
        free(objects[i]);
    }
    return NULL;
}

static void threads_have_runs_of_their_own(void)
{
    pthread_t threads[4];
    for (uintptr_t i = 0; i < 4; i++)
        REQUIRE(pthread_create(&threads[i], NULL, fill, (void *)(i * 10000)) == 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

static void in_child(void *object)
{
    CHECK_EQ(pattern_mismatch(object, 1000, 3), 1000);
    fill((void *)77);
    free(object);
}

static void fork_goes_on(void)
{
    char *object = allocate(1000);
    pattern_fill(object, 1000, 3);
    CHECK(process_passed(process_child(in_child, object)));
    CHECK_EQ(pattern_mismatch(object, 1000, 3), 1000);
}

CHECK_MAIN(sizes_are_mixed_in_one_run, free_does_nothing, the_last_object_comes_back,
           the_last_object_grows, alignments_hold, other_calls_go_on,
           threads_have_runs_of_their_own, fork_goes_on)
