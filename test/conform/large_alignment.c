// SPDX-License-Identifier: MIT
// Power-of-two alignments up to 1 GiB, several blocks at once, cheap in memory.
#include "conform.h"

static void check_ends(char *p, size_t alignment, size_t n_bytes)
{
    if (!CHECK_BLOCK(p) || !CHECK_ALIGNED(p, alignment))
        return;
    size_t usable = malloc_usable_size(p);
    CHECK(usable >= n_bytes);
    p[0] = 1;
    p[usable - 1] = 2;
    if (n_bytes)
        p[n_bytes - 1] = 3;
}

static void every_alignment(void)
{
    static const size_t sizes[] = {1, 100, 4097, 70000, MIB + 1, 9 * MIB};
    for (size_t alignment = 16; alignment <= (size_t)GIB; alignment *= 2)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            void *p = NULL;
            char *q = aligned_alloc(alignment, sizes[i]), *r = memalign(alignment, sizes[i]);
            CHECK_EQ(posix_memalign(&p, alignment, sizes[i]), 0);
            CHECK(p != q && q != r && r != p);
            check_ends(p, alignment, sizes[i]);
            check_ends(q, alignment, sizes[i]);
            check_ends(r, alignment, sizes[i]);
            free(q);
            free(p);
            free(r);
        }
}

static void costs_little_memory(void)
{
    size_t before = resident_bytes();
    char *blocks[5];
    for (size_t i = 0; i < 5; i++)
        check_ends(blocks[i] = aligned_alloc(GIB, 1), GIB, 1);
    CHECK_FMT(resident_growth(before) < 16 * MIB, "%zu KiB more", resident_growth(before) / KIB);
    for (size_t i = 0; i < 5; i++)
        free(blocks[i]);
}

static void realloc_keeps_contents(void)
{
    for (size_t alignment = 4096; alignment <= (size_t)GIB; alignment *= 8) {
        char *p = aligned_alloc(alignment, 60000);
        REQUIRE(p);
        pattern_fill(p, 60000, alignment);
        p = realloc(p, 200000);
        REQUIRE(CHECK_BLOCK(p));
        CHECK_EQ(pattern_mismatch(p, 60000, alignment), 60000);
        p = realloc(p, 50);
        REQUIRE(CHECK_BLOCK(p));
        CHECK_EQ(pattern_mismatch(p, 50, alignment), 50);
        free(p);
    }
}

// Churn: addresses of a rare alignment have to come back.
static void freed_blocks_are_reused(void)
{
    size_t before = resident_bytes();
    for (size_t i = 0; i < 3000; i++) {
        size_t alignment = (size_t)MIB << (i % 11);
        char *p = aligned_alloc(alignment, 300000);
        REQUIRE(CHECK_ALIGNED(p, alignment));
        touch(p, 300000);
        free(p);
    }
    CHECK_FMT(resident_growth(before) < 64 * MIB, "%zu KiB more", resident_growth(before) / KIB);
}

CHECK_MAIN(every_alignment, costs_little_memory, realloc_keeps_contents, freed_blocks_are_reused)
