// SPDX-License-Identifier: MIT
// mallinfo and mallinfo2 follow what the program holds.
#include "conform.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

enum { N = 2500, SMALL_BYTES = 4000, LARGE_BYTES = 20 * MIB, TOTAL_BYTES = N * SMALL_BYTES };

static char *blocks[N];

static size_t in_use(void)
{
    struct mallinfo2 now = mallinfo2();
    return now.uordblks + now.hblkhd;
}

static void check_near(size_t actual, size_t expected)
{
    size_t slack = expected / 8 + MIB;
    CHECK_FMT(actual + slack >= expected && actual <= expected + slack,
              "%zu bytes in use, %zu expected", actual, expected);
}

static void follows_small_blocks(void)
{
    size_t before = in_use();
    for (size_t i = 0; i < N; i++)
        REQUIRE((blocks[i] = malloc(SMALL_BYTES)) != NULL);
    check_near(in_use(), before + TOTAL_BYTES);
    for (size_t i = 0; i < N; i++)
        free(blocks[i]);
    check_near(in_use(), before);
}

static void follows_large_blocks(void)
{
    size_t before = in_use();
    char *p = malloc(LARGE_BYTES), *q = malloc(LARGE_BYTES);
    touch(p, LARGE_BYTES);
    touch(q, LARGE_BYTES);
    check_near(in_use(), before + 2 * (size_t)LARGE_BYTES);
    free(p);
    check_near(in_use(), before + LARGE_BYTES);
    free(q);
    check_near(in_use(), before);
}

// Blocks with mappings of their own are in hblkhd, and as in glibc not in uordblks as well. (glibc
// counts the slack of an alignment like this too.)
static void follows_mapped_blocks(void)
{
    size_t before = in_use();
    void *p = aligned_alloc(GIB, LARGE_BYTES);
    REQUIRE(p);
    if (check_library())
        check_near(in_use(), before + LARGE_BYTES);
    else
        CHECK(in_use() >= before + LARGE_BYTES);
    free(p);
    check_near(in_use(), before);
}

static void sums_are_consistent(void)
{
    void *p = malloc(100000);
    struct mallinfo2 now = mallinfo2();
    CHECK(now.arena + now.hblkhd >= now.uordblks);
    CHECK(now.arena + now.hblkhd >= 100000);
    CHECK(now.uordblks + now.hblkhd >= 100000);
    CHECK(now.keepcost <= now.arena + now.fordblks);
    free(p);
}

static void both_agree(void)
{
    struct mallinfo2 wide = mallinfo2();
    struct mallinfo narrow = mallinfo();
    CHECK_EQ(narrow.arena, (int)wide.arena);
    CHECK_EQ(narrow.uordblks, (int)wide.uordblks);
    CHECK_EQ(narrow.fordblks, (int)wide.fordblks);
    CHECK_EQ(narrow.hblkhd, (int)wide.hblkhd);
    CHECK_EQ(narrow.keepcost, (int)wide.keepcost);
}

CHECK_MAIN(follows_small_blocks, follows_large_blocks, follows_mapped_blocks, sums_are_consistent,
           both_agree)
