// SPDX-License-Identifier: MIT
// reallocarray is realloc with a product that is checked.
#include "conform.h"

static void overflow_keeps_the_block(void)
{
    static const size_t factors[][2] = {{SIZE_MAX, 2},
                                        {SIZE_MAX / 2 + 1, 2},
                                        {SIZE_MAX / 16 + 2, 16},
                                        {(size_t)1 << 32, (size_t)1 << 32}};
    char *p = malloc(500);
    REQUIRE(p);
    pattern_fill(p, 500, 7);
    for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++) {
        size_t a = opaque(factors[i][0]), b = opaque(factors[i][1]);
        CHECK_NO_MEMORY(reallocarray(NULL, a, b));
        CHECK_NO_MEMORY(reallocarray(NULL, b, a));
        CHECK_NO_MEMORY(reallocarray(opaque_ptr(p), a, b));
        CHECK_NO_MEMORY(reallocarray(opaque_ptr(p), b, a));
    }
    CHECK_EQ(pattern_mismatch(p, 500, 7), 500);
    free(p);
}

static void grows_and_shrinks(void)
{
    char *p = reallocarray(NULL, 3, 100);
    if (!CHECK_BLOCK(p))
        return;
    CHECK(malloc_usable_size(p) >= 300);
    pattern_fill(p, 300, 8);
    p = reallocarray(p, 1000, 1000);
    REQUIRE(CHECK_BLOCK(p));
    CHECK(malloc_usable_size(p) >= 1000000);
    CHECK_EQ(pattern_mismatch(p, 300, 8), 300);
    p = reallocarray(p, 10, 10);
    REQUIRE(CHECK_BLOCK(p));
    CHECK_EQ(pattern_mismatch(p, 100, 8), 100);
    free(p);
}

CHECK_MAIN(overflow_keeps_the_block, grows_and_shrinks)
