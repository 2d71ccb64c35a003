// SPDX-License-Identifier: MIT
// calloc whose product does not fit fails with ENOMEM, above all where the product wraps to little.
#include "conform.h"

static const size_t factors[][2] = {
    {SIZE_MAX, SIZE_MAX},
    {SIZE_MAX, 2},
    {SIZE_MAX / 2 + 1, 2},              // wraps to 0
    {SIZE_MAX / 2 + 1, 4},              // wraps to 0
    {SIZE_MAX / 2 + 9, 2},              // wraps to 16
    {SIZE_MAX / 16 + 1, 16},            // wraps to 0
    {SIZE_MAX / 16 + 2, 16},            // wraps to 16
    {(size_t)1 << 32, (size_t)1 << 32}, // wraps to 0
    {(size_t)1 << 33, ((size_t)1 << 31) + 1},
    {((size_t)1 << 32) + 1, ((size_t)1 << 32) + 1},
    {3, SIZE_MAX / 3 + 1},
    {PTRDIFF_MAX, 2}, // fits in size_t, but in no object
    {PTRDIFF_MAX / 8 + 1, 8},
};

static void overflows(void)
{
    for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++) {
        size_t a = opaque(factors[i][0]), b = opaque(factors[i][1]);
        CHECK_NO_MEMORY(calloc(a, b));
        CHECK_NO_MEMORY(calloc(b, a));
    }
}

static void largest_factors_that_fit(void)
{
    unsigned char *p = calloc(opaque(32767), opaque(32769)); // 2^30 - 1
    if (CHECK_BLOCK(p)) {
        CHECK_EQ(p[0], 0);
        CHECK_EQ(p[0x3ffffffe], 0);
        CHECK(malloc_usable_size(p) >= 0x3fffffff);
    }
    free(p);
}

static void life_goes_on(void)
{
    check_heap_apart();
}

CHECK_MAIN(overflows, largest_factors_that_fit, life_goes_on)
