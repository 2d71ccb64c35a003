// SPDX-License-Identifier: MIT
// BUMPALLOC_NOFREE=1 where memory ends: ENOMEM, no abort, nothing lost. bump_alloc: one request
// that is too large uses up what is left, for everybody; and enough of them hand memory out twice.
#include "prng.h"
#include "process.h"

#include <stdlib.h>

static void *(*volatile allocate)(size_t) = malloc;
static void *(*volatile clear)(size_t, size_t) = calloc;
static void *(*volatile resize)(void *, size_t) = realloc;

static void requests_that_fail_cost_nothing(void)
{
    char *before = allocate(100);
    for (int i = 0; i < 10000; i++) {
        errno = 0;
        CHECK_NULL(allocate((size_t)1 << 40));
        CHECK_EQ(errno, ENOMEM);
        CHECK_NULL(allocate((size_t)PTRDIFF_MAX - 4096));
        CHECK_NULL(allocate(SIZE_MAX));
        CHECK_NULL(clear(SIZE_MAX / 2, 3));
        CHECK_NULL(resize(before, 200 * MIB));
    }
    CHECK_PTR(allocate(100), before + 112);
}

static void it_ends_with_enomem(void)
{
    char *last = NULL, *object;
    size_t total = 0;
    errno = 0;
    while ((object = allocate(100 * KIB))) {
        memset(object, 'x', 100 * KIB);
        last = object;
        total += 100 * KIB;
        REQUIRE(total < 64 * MIB);
    }
    CHECK_EQ(errno, ENOMEM);
    CHECK_FMT(total > 30 * MIB, "%zu", total);
    while (allocate(1000))
        ;
    while (allocate(1))
        ;
    CHECK_EQ(errno, ENOMEM);
    CHECK(last[100 * KIB - 1] == 'x');
    CHECK_PTR(resize(last, 10), last);
}

static void what_comes_back_serves_again(void)
{
    // Nothing is free, so only an object that is the last one can be given back.
    CHECK_NULL(allocate(16));
}

CHECK_MAIN(requests_that_fail_cost_nothing, it_ends_with_enomem, what_comes_back_serves_again)
