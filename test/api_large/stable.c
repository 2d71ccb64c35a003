// SPDX-License-Identifier: MIT
// bump_stable: objects that stay where they are; v_alloc's examples and each of its faults.
#include "bumpalloc/stable.h"
#include "bumpalloc/bumpalloc.h"
#include "bumpalloc/large.h"
#include "prng.h"
#include "process.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

static void *(*volatile resize)(void *, size_t) = realloc; // or the compiler knows better

static size_t up(size_t n, size_t granule)
{
    return (n + granule - 1) / granule * granule;
}

static void grows_where_it_is(void)
{
    char *object = bump_stable_alloc(100, GIB);
    REQUIRE(object != NULL);
    CHECK_ALIGNED(object, PAGE);
    CHECK_EQ(bump_stable_max(object), GIB);
    CHECK_EQ(bump_stable_usable(object), PAGE);
    size_t before = 0;
    for (size_t n = 100; n < 300 * MIB; n = n * 3 + 1) {
        CHECK_EQ(bump_stable_resize(object, n), 0);
        CHECK_EQ(bump_stable_usable(object), up(n, PAGE));
        CHECK_EQ(pattern_mismatch(object, before, 7), before);
        pattern_fill(object, n, 7);
        before = n;
    }
    CHECK_EQ(bump_stable_resize(object, 50), 0);
    CHECK_EQ(pattern_mismatch(object, 50, 7), 50);
    CHECK_EQ(bump_stable_free(object), 0);
}

static void ends_at_its_maximum(void)
{
    static const size_t maxima[] = {1, 4095, 4097, 65536, 65537, 3 * MIB, 100 * MIB + 5};
    for (size_t i = 0; i < sizeof maxima / sizeof maxima[0]; i++) {
        char *object = bump_stable_alloc(1, maxima[i]);
        REQUIRE(object != NULL);
        size_t max = bump_stable_max(object);
        CHECK_FMT(max >= maxima[i], "%zu is not %zu", max, maxima[i]);
        CHECK_EQ(bump_stable_resize(object, max), 0);
        object[0] = object[max - 1] = 'x';
        CHECK_EQ(bump_stable_resize(object, max + 1), -ERANGE);
        CHECK_EQ(bump_stable_resize(object, SIZE_MAX), -ERANGE);
        CHECK_EQ(bump_stable_usable(object), max);
        CHECK(object[0] == 'x' && object[max - 1] == 'x');
        CHECK_EQ(bump_stable_free(object), 0);
    }
    CHECK_NULL(bump_stable_alloc(2 * MIB, MIB));
    CHECK_NULL(bump_stable_alloc(1, SIZE_MAX));
    CHECK_NULL(bump_stable_alloc(1, PTRDIFF_MAX));
    CHECK_NULL(bump_stable_alloc(SIZE_MAX, SIZE_MAX));
    CHECK_NULL(bump_stable_alloc(GIB + 1, 0));
}

// v_alloc_realloc's contract, as its README shows it.
static void is_a_realloc_callback(void)
{
    void *(*callback)(void *, size_t) = bump_stable_realloc;
    errno = 0;
    CHECK_NULL(callback(NULL, 0));
    CHECK_EQ(errno, 0);
    int *numbers = callback(NULL, 10 * sizeof(int));
    REQUIRE(numbers != NULL);
    CHECK_EQ(bump_stable_max(numbers), GIB);
    for (int i = 0; i < 10; i++)
        numbers[i] = i;
    CHECK_PTR(callback(numbers, 1000000 * sizeof(int)), numbers);
    for (int i = 10; i < 1000000; i++)
        numbers[i] = i;
    CHECK_PTR(callback(numbers, GIB), numbers);
    CHECK_NULL(callback(numbers, GIB + 1));
    CHECK_EQ(errno, ERANGE);
    CHECK(numbers[9] == 9 && numbers[999999] == 999999);
    errno = 0;
    CHECK_NULL(callback(numbers, 0));
    CHECK_EQ(errno, 0);
    CHECK_NULL(callback(numbers, 5)); // freed, so no object
    CHECK_EQ(errno, EINVAL);
    CHECK_NULL(callback(NULL, 2 * GIB));
    CHECK_EQ(errno, ERANGE);
}

// v_alloc: a second free unmaps whatever is there by then, and says that all is well.
static void knows_its_own(void)
{
    char byte, *other = malloc(100), *large = malloc(3 * MIB);
    void *object = bump_stable_alloc(5, 5 * MIB);
    const void *none[] = {&byte, other, large, (char *)object + 1, (char *)object + PAGE, NULL};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        CHECK_EQ(bump_stable_max(none[i]), 0);
        CHECK_EQ(bump_stable_usable(none[i]), 0);
        CHECK_EQ(bump_stable_resize((void *)(uintptr_t)none[i], 10), -EINVAL);
        CHECK_EQ(bump_stable_free((void *)(uintptr_t)none[i]), none[i] ? -EINVAL : 0);
    }
    CHECK_EQ(bump_stable_free(object), 0);
    CHECK_EQ(bump_stable_free(object), -EINVAL);
    CHECK_EQ(bump_stable_usable(object), 0);
    free(other);
    free(large);
}

static void malloc_takes_them(void)
{
    char *object = bump_stable_alloc(100 * KIB, 4 * MIB);
    CHECK(bump_owns(object));
    CHECK_EQ(malloc_usable_size(object), 100 * KIB);
    CHECK_EQ(bump_large_kind(object), BUMP_LARGE_REGION);
    pattern_fill(object, 100 * KIB, 3);
    CHECK_PTR(resize(object, 4 * MIB), object);
    CHECK_PTR(resize(object, 10), object); // an ordinary object of 10 bytes would move
    CHECK_PTR(resize(object, 100 * KIB), object);
    CHECK_EQ(pattern_mismatch(object, 10, 3), 10);
    CHECK_EQ(bump_stable_max(object), 4 * MIB);
    pattern_fill(object, 100 * KIB, 3);
    char *moved = resize(object, 4 * MIB + 1);
    REQUIRE(moved != NULL);
    CHECK(moved != object);
    CHECK_EQ(pattern_mismatch(moved, 100 * KIB, 3), 100 * KIB);
    CHECK_EQ(bump_stable_max(moved), 0);
    free(moved);
    free(bump_stable_alloc(1, GIB));
}

// What shrinks goes back once it is worth it; what goes up and down does not.
static void gives_back_with_hysteresis(void)
{
    char *object = bump_stable_alloc(16 * MIB, 64 * MIB);
    memset(object, 'x', 16 * MIB);
    CHECK_EQ(bump_stable_resize(object, 12 * MIB), 0);
    CHECK_EQ(process_resident(object, 16 * MIB), 16 * MIB / PAGE);
    CHECK_EQ(bump_stable_resize(object, 16 * MIB), 0);
    CHECK(object[16 * MIB - 1] == 'x');
    for (size_t n = 16 * MIB; n > 10 * MIB; n -= 64 * KIB) // step by step, but over half at last
        CHECK_EQ(bump_stable_resize(object, n), 0);
    CHECK_EQ(bump_stable_resize(object, 10 * MIB), 0);
    size_t resident = process_resident(object, 16 * MIB);
    CHECK_FMT(resident < 16 * MIB / PAGE, "%zu pages", resident);
    CHECK_EQ(bump_stable_resize(object, 1), 0);
    resident = process_resident(object, 16 * MIB);
    CHECK_FMT(resident <= 16, "%zu pages", resident);
    CHECK_EQ(bump_stable_resize(object, 16 * MIB), 0);
    CHECK_EQ(pattern_nonzero(object + PAGE, 16 * MIB - PAGE), 16 * MIB - PAGE);
    CHECK_EQ(bump_stable_free(object), 0);
}

// v_alloc: 32,000 objects are all mappings that a process may have.
static void many_need_no_mappings(size_t count, size_t max_bytes)
{
    static char *objects[40000];
    size_t before = process_mappings(), failures = 0;
    for (size_t i = 0; i < count; i++) {
        objects[i] = bump_stable_alloc(100, max_bytes);
        if (!objects[i] || bump_stable_max(objects[i]) < max_bytes)
            failures++;
        else
            *(size_t *)(void *)objects[i] = i;
    }
    CHECK_FMT(failures == 0, "%zu of %zu with a maximum of %zu", failures, count, max_bytes);
    size_t more = process_mappings() - before;
    CHECK_FMT(more < 50, "%zu more mappings", more);
    for (size_t i = 0; i < count && !failures; i += 7) {
        CHECK_EQ(bump_stable_resize(objects[i], 3 * PAGE), 0);
        CHECK_EQ(*(size_t *)(void *)objects[i], i);
    }
    for (size_t i = 0; i < count && !failures; i++) {
        if (i % 2)
            free(objects[i]);
        else
            CHECK_EQ(bump_stable_free(objects[i]), 0);
    }
}

static void tens_of_thousands(void)
{
    many_need_no_mappings(10000, 64 * KIB);
    many_need_no_mappings(40000, 16 * MIB);
    many_need_no_mappings(20000, GIB);
}

static void in_child(void *object)
{
    CHECK_EQ(pattern_mismatch(object, 2 * MIB, 9), 2 * MIB);
    CHECK_EQ(bump_stable_resize(object, 8 * MIB), 0);
    memset(object, 0, 8 * MIB);
    CHECK_EQ(bump_stable_free(object), 0);
}

static void fork_copies(void)
{
    char *object = bump_stable_alloc(2 * MIB, 8 * MIB);
    pattern_fill(object, 2 * MIB, 9);
    CHECK(process_passed(process_child(in_child, object)));
    CHECK_EQ(pattern_mismatch(object, 2 * MIB, 9), 2 * MIB);
    CHECK_EQ(bump_stable_free(object), 0);
}

static void *breathe(void *seed)
{
    struct prng rng = {(uintptr_t)seed};
    for (int round = 0; round < 60; round++) {
        size_t n = 1000;
        char *object = bump_stable_alloc(n, 2 * MIB << round % 4);
        REQUIRE(object != NULL);
        pattern_fill(object, n, rng.state);
        uint64_t tag = rng.state;
        for (int step = 0; step < 10; step++) {
            size_t wanted = prng_range(&rng, 1, 2 * MIB);
            CHECK_EQ(bump_stable_resize(object, wanted), 0);
            size_t kept = wanted < n ? wanted : n;
            CHECK_EQ(pattern_mismatch(object, kept, tag), kept);
            n = wanted;
            tag = rng.state;
            pattern_fill(object, n, tag);
        }
        CHECK_EQ(bump_stable_free(object), 0);
    }
    return NULL;
}

static void threads_at_once(void)
{
    pthread_t threads[4];
    for (uintptr_t i = 0; i < 4; i++)
        REQUIRE(pthread_create(&threads[i], NULL, breathe, (void *)(i + 1)) == 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

CHECK_MAIN(grows_where_it_is, ends_at_its_maximum, is_a_realloc_callback, knows_its_own,
           malloc_takes_them, gives_back_with_hysteresis, tens_of_thousands, fork_copies,
           threads_at_once)
