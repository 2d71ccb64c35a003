// SPDX-License-Identifier: MIT
// What nobody should be able to count on: order of fresh blocks, the next block after a free, the
// content of a free block. And what everybody may: memory that is zero, sizes that are exact.
#include "check.h"

#include <malloc.h>

enum { COUNT = 64, BLOCK_BYTES = 200 };

static unsigned steps_of(char **blocks, ptrdiff_t step)
{
    unsigned count = 0;
    for (int i = 1; i < COUNT; i++)
        count += blocks[i] - blocks[i - 1] == step;
    return count;
}

static void fresh_blocks_come_in_no_order(void)
{
    char *blocks[COUNT];
    for (int i = 0; i < COUNT; i++)
        blocks[i] = malloc(BLOCK_BYTES);
    CHECK(steps_of(blocks, 208) < COUNT / 4);
    CHECK(steps_of(blocks, -208) < COUNT / 4);
    for (int i = 0; i < COUNT; i++)
        free(blocks[i]);
}

static void a_free_block_waits(void)
{
    for (size_t n_bytes = 1; n_bytes < 8 << 20; n_bytes = n_bytes * 3 + 5) {
        void *volatile p = malloc(n_bytes);
        uintptr_t was = (uintptr_t)p;
        free(p);
        void *volatile next = malloc(n_bytes);
        CHECK_FMT((uintptr_t)next != was, "%zu bytes came back at once", n_bytes);
        free(next);
    }
}

static void a_free_block_reads_zero(void)
{
    for (size_t n_bytes = 1; n_bytes < 100000; n_bytes = n_bytes * 3 + 5) {
        unsigned char *p = malloc(n_bytes), *volatile again = p;
        for (size_t i = 0; i < n_bytes; i++)
            p[i] = 0xee;
        __asm__ volatile("" : : "r"(p) : "memory");
        free(p);
        size_t left = 0;
        for (size_t i = 0; i < n_bytes; i++)
            left += again[i] != 0;
        CHECK_FMT(left == 0, "%zu of %zu bytes are left", left, n_bytes);
    }
}

static void sizes_are_exact(void)
{
    for (size_t n_bytes = 0; n_bytes < 3000000; n_bytes += n_bytes / 7 + 1) {
        char *p = malloc(n_bytes);
        CHECK_EQ(malloc_usable_size(p), n_bytes);
        char *resized = realloc(p, n_bytes + 3);
        CHECK_EQ(malloc_usable_size(resized), n_bytes + 3);
        free(resized);
    }
}

static void blocks_of_no_bytes_are_unique(void)
{
    void *blocks[COUNT];
    for (int i = 0; i < COUNT; i++) {
        blocks[i] = malloc(0);
        for (int k = 0; k < i; k++)
            CHECK(blocks[k] != blocks[i]);
    }
    for (int i = 0; i < COUNT; i++)
        free(blocks[i]);
}

int main(void)
{
    check_begin();
    fresh_blocks_come_in_no_order();
    a_free_block_waits();
    a_free_block_reads_zero();
    sizes_are_exact();
    blocks_of_no_bytes_are_unique();
    return check_end();
}
