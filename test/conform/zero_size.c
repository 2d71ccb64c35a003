// SPDX-License-Identifier: MIT
// A request for nothing yields a block of its own: not NULL, aligned, distinct from all others.
#include "conform.h"

enum { N = 1000 };

static int compare(const void *a, const void *b)
{
    uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;
    return (x > y) - (x < y);
}

static void *request_nothing(size_t i)
{
    switch (i % 8) {
    case 0:
        return calloc(0, 8);
    case 1:
        return calloc(8, 0);
    case 2:
        return realloc(NULL, opaque(0));
    case 3:
        return reallocarray(NULL, 0, 8);
    case 4:
        return aligned_alloc(64, opaque(0));
    case 5:
        return memalign(32, opaque(0));
    default:
        return malloc(opaque(0));
    }
}

static void all_distinct(void)
{
    static void *blocks[N];
    static uintptr_t sorted[N];
    for (size_t i = 0; i < N; i++) {
        blocks[i] = request_nothing(i);
        sorted[i] = (uintptr_t)blocks[i];
        CHECK_BLOCK(blocks[i]);
    }
    qsort(sorted, N, sizeof sorted[0], compare);
    for (size_t i = 1; i < N; i++)
        CHECK_FMT(sorted[i] >= sorted[i - 1] + 16, "0x%zx and 0x%zx", sorted[i - 1], sorted[i]);
    for (size_t i = 0; i < N; i++)
        free(blocks[i]);
}

static void overflow_and_nothing(void)
{
    void *p = calloc(0, opaque(SIZE_MAX)), *q = calloc(opaque(SIZE_MAX), 0);
    CHECK_BLOCK(p);
    CHECK_BLOCK(q);
    CHECK(p != q);
    free(p);
    free(q);
}

static void can_grow(void)
{
    char *p = malloc(opaque(0));
    p = realloc(p, 100);
    REQUIRE(p);
    pattern_fill(p, 100, 1);
    CHECK_EQ(pattern_mismatch(p, 100, 1), 100);
    free(p);
    free(NULL);
}

CHECK_MAIN(all_distinct, overflow_and_nothing, can_grow)
