// SPDX-License-Identifier: MIT
// v_alloc: growth that the system refuses is granted all the same, and the program dies later. Here
// BUMPALLOC_LIMIT refuses: the object stays as it was, and there is nothing lost. Run with 64M,
// with and without class regions.
#include "bumpalloc/stable.h"
#include "prng.h"
#include "process.h"

static void refused_growth_changes_nothing(void)
{
    char *object = bump_stable_alloc(10 * MIB, GIB);
    REQUIRE(object != NULL);
    pattern_fill(object, 10 * MIB, 1);
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(bump_stable_resize(object, 100 * MIB), -ENOMEM);
        CHECK_EQ(bump_stable_usable(object), 10 * MIB);
    }
    CHECK_EQ(pattern_mismatch(object, 10 * MIB, 1), 10 * MIB);
    errno = 0;
    CHECK_NULL(bump_stable_realloc(object, 100 * MIB));
    CHECK_EQ(errno, ENOMEM);
    CHECK_NULL(bump_stable_alloc(100 * MIB, GIB));
    CHECK_EQ(bump_stable_resize(object, 40 * MIB), 0);
    CHECK_EQ(bump_stable_free(object), 0);
}

// What was shrunken and what was freed may be used again to the last byte.
static void nothing_is_lost(void)
{
    for (int i = 0; i < 50; i++) {
        char *object = bump_stable_alloc(1, GIB);
        REQUIRE(object != NULL);
        for (int breath = 0; breath < 3; breath++) {
            CHECK_EQ(bump_stable_resize(object, 50 * MIB), 0);
            object[50 * MIB - 1] = 'x';
            CHECK_EQ(bump_stable_resize(object, PAGE), 0);
        }
        CHECK_EQ(bump_stable_free(object), 0);
    }
}

CHECK_MAIN(refused_growth_changes_nothing, nothing_is_lost)
