// SPDX-License-Identifier: MIT
// aligned_alloc: every power of two, any size; no power of two, no block.
#include "conform.h"

static void powers_of_two(void)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 100, 1000, 4096, 5000, 40000, 300000};
    for (size_t alignment = 1; alignment <= 64 * KIB; alignment *= 2)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            errno = 0;
            char *p = aligned_alloc(opaque(alignment), sizes[i]);
            CHECK_EQ(errno, 0);
            if (!CHECK_BLOCK(p) || !CHECK_ALIGNED(p, alignment))
                continue;
            CHECK(malloc_usable_size(p) >= sizes[i]);
            memset(p, 0xa5, malloc_usable_size(p));
            free(p);
        }
}

// C17 dropped the rule that the size be a multiple of the alignment.
static void size_need_not_be_a_multiple(void)
{
    void *p = aligned_alloc(64, opaque(100)), *q = aligned_alloc(4096, opaque(3));
    CHECK_ALIGNED(p, 64);
    CHECK_ALIGNED(q, 4096);
    free(p);
    free(q);
}

// glibc before 2.38 rounds up instead; the library does as the standard and later glibc do.
static void no_power_of_two(void)
{
    static const size_t alignments[] = {0, 3, 5, 12, 24, 48, 100, 4097, 65537};
    for (size_t i = 0; i < sizeof alignments / sizeof alignments[0]; i++) {
        errno = 0;
        void *p = aligned_alloc(opaque(alignments[i]), 16);
        if (check_library()) {
            CHECK_FMT(p == NULL && errno == EINVAL, "alignment %zu: %p, errno %d", alignments[i], p,
                      errno);
        } else {
            CHECK_NOT_NULL(p);
        }
        free(p);
    }
}

static void blocks_stay_apart(void)
{
    enum { N = 200 };
    static char *blocks[N];
    for (size_t i = 0; i < N; i++) {
        blocks[i] = aligned_alloc((size_t)16 << (i % 10), i * 10);
        REQUIRE(blocks[i]);
        pattern_fill(blocks[i], i * 10, i);
    }
    for (size_t i = 0; i < N; i++) {
        CHECK_EQ(pattern_mismatch(blocks[i], i * 10, i), i * 10);
        free(blocks[i]);
    }
}

CHECK_MAIN(powers_of_two, size_need_not_be_a_multiple, no_power_of_two, blocks_stay_apart)
