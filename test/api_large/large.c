// SPDX-License-Identifier: MIT
// bump_large: objects. lgalloc's own tests are here in our form.
#include "bumpalloc/large.h"
#include "bumpalloc/bumpalloc.h"
#include "bumpalloc/stats.h"
#include "prng.h"
#include "process.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

static void *alloc(size_t n_bytes, unsigned flags)
{
    void *object = NULL;
    int code = bump_large_alloc(n_bytes, flags, &object);
    CHECK_FMT(code == 0 && object, "%zu bytes: %d", n_bytes, code);
    REQUIRE(object != NULL);
    return object;
}

static void release(void *object)
{
    CHECK_EQ(bump_large_free(object), 0);
}

// lgalloc's readme: a vector over memory of its own, pushed to and read.
static void readme_example(void)
{
    size_t count = 2 * MIB / sizeof(uint64_t);
    uint64_t *vector = alloc(count * sizeof(uint64_t), 0);
    CHECK(bump_large_usable(vector) >= count * sizeof(uint64_t));
    for (size_t i = 0; i < count; i++)
        vector[i] = i;
    CHECK(vector[0] == 0 && vector[count - 1] == count - 1);
    release(vector);
}

static void every_class(void)
{
    for (unsigned shift = 0; shift <= 34; shift++) {
        size_t n = (size_t)1 << shift;
        char *object = alloc(n, 0);
        size_t slot = n < 64 * KIB ? 64 * KIB : n;
        CHECK_ALIGNED(object, slot < GIB ? slot : GIB);
        CHECK_EQ(bump_large_usable(object), n < PAGE ? PAGE : n);
        CHECK_EQ(malloc_usable_size(object), n < PAGE ? PAGE : n);
        CHECK_EQ(bump_large_kind(object), BUMP_LARGE_REGION);
        CHECK(bump_owns(object));
        object[0] = object[n - 1] = 'x';
        release(object);
    }
}

static void no_bytes_are_no_object(void)
{
    void *object = &object;
    CHECK_EQ(bump_large_alloc(0, 0, &object), 0);
    CHECK_NULL(object);
    CHECK_EQ(bump_large_alloc(0, BUMP_LARGE_FILE | BUMP_LARGE_ZERO, &object), 0);
    CHECK_NULL(object);
    release(NULL);
    CHECK_EQ(bump_large_usable(NULL), 0);
    CHECK_EQ(bump_large_kind(NULL), BUMP_LARGE_NONE);
}

static void refusals_change_nothing(void)
{
    void *object = &object;
    CHECK_EQ(bump_large_alloc(BUMP_LARGE_MAX_BYTES + 1, 0, &object), -ERANGE);
    CHECK_EQ(bump_large_alloc(SIZE_MAX, 0, &object), -ERANGE);
    CHECK_EQ(bump_large_alloc(1, 8, &object), -EINVAL);
    CHECK_EQ(bump_large_alloc(1, ~0u, &object), -EINVAL);
#if !defined(API_MACOS) // where nothing is charged before it is touched
    CHECK_EQ(bump_large_alloc(BUMP_LARGE_MAX_BYTES, BUMP_LARGE_ZERO, &object), -ENOMEM);
#endif
    CHECK_EQ(bump_large_alloc_auto(SIZE_MAX, 0, &object, NULL), -ENOMEM);
    CHECK_EQ(bump_large_alloc_auto(1, BUMP_LARGE_FILE, &object, NULL), -EINVAL);
    CHECK_PTR(object, &object);
}

static void zeroes_what_was_used(void)
{
    for (size_t n = 40000; n < 200 * MIB; n *= 5) {
        for (int round = 0; round < 3; round++) {
            char *object = alloc(n, BUMP_LARGE_ZERO);
            CHECK_EQ(pattern_nonzero(object, n), n);
            memset(object, 'x', n);
            release(object);
        }
    }
}

static void frees_what_is_its_own(void)
{
    char byte, *object = alloc(3 * MIB, 0);
    CHECK_EQ(bump_large_free(&byte), -EINVAL);
    CHECK_EQ(bump_large_free(object + PAGE), -EINVAL);
    CHECK_EQ(bump_large_usable(object + PAGE), 0);
    release(object);
    CHECK_EQ(bump_large_free(object), -EINVAL);
    char *other = malloc(5 * MIB); // malloc's are the same objects
    CHECK_EQ(bump_large_kind(other), BUMP_LARGE_REGION);
    release(other);
    free(alloc(5 * MIB, 0));
}

static void auto_takes_what_has_room(void)
{
    static const struct {
        size_t n_bytes;
        enum bump_large_kind kind;
    } of[] = {
        {0, BUMP_LARGE_CLASS},        {1, BUMP_LARGE_CLASS},
        {32 * KIB, BUMP_LARGE_CLASS}, {32 * KIB + 1, BUMP_LARGE_REGION},
        {MIB, BUMP_LARGE_REGION},     {5 * GIB, BUMP_LARGE_REGION},
    };
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        enum bump_large_kind kind;
        void *object = NULL;
        CHECK_EQ(bump_large_alloc_auto(of[i].n_bytes, BUMP_LARGE_ZERO, &object, &kind), 0);
        REQUIRE(object != NULL);
        CHECK_EQ(kind, of[i].kind);
        CHECK_EQ(bump_large_kind(object), kind);
        CHECK_EQ(pattern_nonzero(object, of[i].n_bytes % MIB), of[i].n_bytes % MIB);
        CHECK(bump_large_usable(object) >= of[i].n_bytes);
        release(object);
    }
}

// lgalloc: at the capacity, one beyond it, an empty range, a range of a type's size.
static void prefetch_has_bounds(void)
{
    char *object = alloc(2 * MIB, 0), byte;
    CHECK_EQ(bump_large_prefetch(object, 0, 2 * MIB), 0);
    CHECK_EQ(bump_large_prefetch(object, 0, 2 * MIB + 1), -ERANGE);
    CHECK_EQ(bump_large_prefetch(object, 2 * MIB, 1), -ERANGE);
    CHECK_EQ(bump_large_prefetch(object, 2 * MIB, 0), 0);
    CHECK_EQ(bump_large_prefetch(object, 2 * MIB + 1, 0), -ERANGE);
    CHECK_EQ(bump_large_prefetch(object, SIZE_MAX, 2), -ERANGE);
    CHECK_EQ(bump_large_prefetch(object, 2, SIZE_MAX), -ERANGE);
    CHECK_EQ(bump_large_prefetch(object, 3 * sizeof(double), 5 * sizeof(double)), 0);
    CHECK_EQ(bump_large_prefetch(&byte, 0, 1), -EINVAL);
    CHECK_EQ(bump_large_prefetch(NULL, 0, 0), -EINVAL);
    release(object);
}

static void huge_pages_change_no_byte(void)
{
    for (size_t n = MIB; n < 40 * MIB; n *= 3) {
        char *object = alloc(n, BUMP_LARGE_HUGE | BUMP_LARGE_ZERO);
        CHECK_EQ(pattern_nonzero(object, n), n);
        pattern_fill(object, n, n);
        CHECK_EQ(pattern_mismatch(object, n, n), n);
        release(object);
    }
}

static void *release_in_thread(void *object)
{
    release(object);
    return NULL;
}

static void any_thread_frees(void)
{
    for (size_t n = 100 * KIB; n < 50 * MIB; n *= 3) {
        pthread_t thread;
        char *object = alloc(n, 0);
        memset(object, 'x', n);
        REQUIRE(pthread_create(&thread, NULL, release_in_thread, object) == 0);
        pthread_join(thread, NULL);
        CHECK_EQ(bump_large_free(object), -EINVAL);
    }
}

static void in_child(void *object)
{
    CHECK_EQ(pattern_mismatch(object, 3 * MIB, 2), 3 * MIB);
    memset(object, 0, 3 * MIB);
    release(object);
    release(alloc(3 * MIB, 0));
}

static void fork_copies(void)
{
    char *object = alloc(3 * MIB, 0);
    pattern_fill(object, 3 * MIB, 2);
    CHECK(process_passed(process_child(in_child, object)));
    CHECK_EQ(pattern_mismatch(object, 3 * MIB, 2), 3 * MIB);
    release(object);
}

static void purge_gives_back_what_is_asked_for(void)
{
    struct bump_stats before, after;
    char *objects[8];
    bump_large_purge(SIZE_MAX);
    for (int i = 0; i < 8; i++)
        memset(objects[i] = alloc(MIB, 0), 'x', MIB);
    for (int i = 0; i < 8; i++)
        release(objects[i]);
    bump_stats_get(&before);
    size_t some = bump_large_purge(MIB), rest = bump_large_purge(SIZE_MAX);
    bump_stats_get(&after);
    CHECK_FMT(some >= MIB, "%zu", some);
    CHECK_FMT(some + rest == 8 * MIB, "%zu and %zu", some, rest);
    CHECK_EQ(after.purged_bytes - before.purged_bytes, 8 * MIB);
    for (int i = 0; i < 8; i++)
        CHECK_EQ(process_resident(objects[i], MIB), 0);
    CHECK_EQ(bump_large_purge(SIZE_MAX), 0);
}

CHECK_MAIN(readme_example, every_class, no_bytes_are_no_object, refusals_change_nothing,
           zeroes_what_was_used, frees_what_is_its_own, auto_takes_what_has_room,
           prefetch_has_bounds, huge_pages_change_no_byte, any_thread_frees, fork_copies,
           purge_gives_back_what_is_asked_for)
