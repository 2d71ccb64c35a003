// SPDX-License-Identifier: MIT
// bump_stable without class regions: every object is a mapping of its own, and the calls are none
// the wiser. Run with BUMPALLOC_RESERVE=1G and 0.
#include "bumpalloc/large.h"
#include "bumpalloc/stable.h"
#include "prng.h"
#include "process.h"

#include <malloc.h>
#include <stdlib.h>

static void *(*volatile resize)(void *, size_t) = realloc;

static void grows_and_shrinks(void)
{
    char *object = bump_stable_alloc(10, 64 * MIB);
    REQUIRE(object != NULL);
    CHECK_EQ(bump_stable_max(object), 64 * MIB);
    CHECK_EQ(bump_stable_usable(object), PAGE);
    CHECK_EQ(bump_large_kind(object), BUMP_LARGE_DIRECT);
    CHECK_EQ(bump_stable_resize(object, 8 * MIB), 0);
    pattern_fill(object, 8 * MIB, 4);
    CHECK_EQ(bump_stable_resize(object, 64 * MIB + 1), -ERANGE);
    CHECK_EQ(bump_stable_resize(object, 7 * MIB), 0);
    CHECK_EQ(process_resident(object, 8 * MIB), 8 * MIB / PAGE);
    CHECK_EQ(bump_stable_resize(object, MIB), 0);
    CHECK(process_resident(object, 8 * MIB) <= 2 * MIB / PAGE);
    CHECK_EQ(pattern_mismatch(object, MIB, 4), MIB);
    CHECK_EQ(bump_stable_resize(object, 8 * MIB), 0);
    CHECK_EQ(pattern_nonzero(object + MIB, 7 * MIB), 7 * MIB);
    CHECK_EQ(bump_stable_free(object), 0);
    CHECK_EQ(bump_stable_free(object), -EINVAL);
}

static void shrinks_step_by_step(void)
{
    char *object = bump_stable_alloc(8 * MIB, 64 * MIB);
    memset(object, 'x', 8 * MIB);
    for (size_t n = 8 * MIB; n; n -= 64 * KIB)
        CHECK_EQ(bump_stable_resize(object, n), 0);
    CHECK(process_resident(object, 8 * MIB) <= 64);
    CHECK_EQ(bump_stable_free(object), 0);
}

static void malloc_takes_them(void)
{
    char *object = bump_stable_alloc(100 * KIB, 4 * MIB);
    CHECK_EQ(malloc_usable_size(object), 100 * KIB);
    pattern_fill(object, 100 * KIB, 3);
    CHECK_PTR(resize(object, 4 * MIB), object);
    char *moved = resize(object, 4 * MIB + 1);
    REQUIRE(moved != NULL && moved != object);
    CHECK_EQ(pattern_mismatch(moved, 100 * KIB, 3), 100 * KIB);
    CHECK_EQ(bump_stable_max(moved), 0);
    free(moved);
    free(bump_stable_alloc(1, GIB));
}

static void thousands_need_no_mappings(void)
{
    static char *objects[20000];
    size_t before = process_mappings();
    for (int i = 0; i < 20000; i++) {
        objects[i] = bump_stable_alloc(100, GIB);
        REQUIRE(objects[i] != NULL);
        objects[i][99] = 'x';
    }
    size_t more = process_mappings() - before;
    CHECK_FMT(more < 50, "%zu more mappings", more);
    for (int i = 0; i < 20000; i++)
        free(objects[i]);
}

static void large_has_no_slots(void)
{
    enum bump_large_kind kind;
    void *object = &object;
    CHECK_EQ(bump_large_alloc(MIB, 0, &object), -ENOMEM);
    CHECK_PTR(object, &object);
    CHECK_EQ(bump_large_alloc_auto(MIB, BUMP_LARGE_ZERO, &object, &kind), 0);
    CHECK_EQ(kind, BUMP_LARGE_DIRECT);
    CHECK_EQ(pattern_nonzero(object, MIB), MIB);
    CHECK_EQ(bump_large_prefetch(object, 0, MIB), 0);
    CHECK_EQ(bump_large_free(object), 0);
    CHECK_EQ(bump_large_alloc_auto(100, 0, &object, &kind), 0);
    CHECK_EQ(kind, BUMP_LARGE_CLASS);
    CHECK_EQ(bump_large_free(object), 0);
}

CHECK_MAIN(grows_and_shrinks, shrinks_step_by_step, malloc_takes_them, thousands_need_no_mappings,
           large_has_no_slots)
