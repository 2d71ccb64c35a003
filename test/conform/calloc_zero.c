// SPDX-License-Identifier: MIT
// calloc's memory is zero whatever its bytes were used for before, from one byte to 64 MiB.
#include "conform.h"

#include <pthread.h>

static void *dirty_block(size_t n_bytes)
{
    unsigned char *p = malloc(n_bytes);
    REQUIRE(p);
    memset(p, 0xff, malloc_usable_size(p));
    return p;
}

static void check_zero(const void *p, size_t n_bytes)
{
    if (!CHECK_BLOCK(p))
        return;
    size_t at = pattern_nonzero(p, n_bytes);
    CHECK_FMT(at == n_bytes, "%zu bytes, not zero at %zu", n_bytes, at);
}

// Dirty a handful of blocks, free them, and ask for zeroed ones of the same size.
static void one_size(size_t n_bytes, size_t n_blocks)
{
    void *blocks[8];
    for (size_t i = 0; i < n_blocks; i++)
        blocks[i] = dirty_block(n_bytes);
    for (size_t i = 0; i < n_blocks; i++)
        free(blocks[i]);
    for (size_t i = 0; i < n_blocks; i++) {
        blocks[i] = i % 2 ? calloc(n_bytes, 1) : calloc(1, n_bytes);
        check_zero(blocks[i], n_bytes);
    }
    for (size_t i = 0; i < n_blocks; i++)
        free(blocks[i]);
}

static void all_sizes(void)
{
    for (size_t n_bytes = 1; n_bytes <= 64 * MIB; n_bytes += n_bytes < 1100 ? 1 : n_bytes / 6)
        one_size(n_bytes, n_bytes < MIB ? 8 : 2);
}

// Smaller requests from what was larger, larger from what was smaller.
static void other_sizes(void)
{
    for (size_t n_bytes = 30000; n_bytes <= 32 * MIB; n_bytes *= 2)
        for (size_t percent = 30; percent <= 250; percent += 55) {
            free(dirty_block(n_bytes));
            size_t wanted = n_bytes / 100 * percent;
            void *p = calloc(1, wanted);
            check_zero(p, wanted);
            free(p);
        }
}

// Many blocks of all magnitudes at random: freed pages may serve any other block.
static void random_mix(void)
{
    enum { N = 48 };
    static void *blocks[N];
    struct prng random = {12345};
    for (size_t round = 0; round < 600; round++) {
        size_t i = prng_below(&random, N), n_bytes = prng_size(&random, 3 * MIB);
        free(blocks[i]);
        blocks[i] = round % 2 ? calloc(1, n_bytes) : dirty_block(n_bytes);
        if (round % 2) {
            check_zero(blocks[i], n_bytes);
            memset(blocks[i], 0xee, n_bytes);
        } else if (round % 6 == 0) {
            blocks[i] = realloc(blocks[i], 2 * n_bytes + 1);
            memset(blocks[i], 0xdd, 2 * n_bytes + 1);
        }
    }
    for (size_t i = 0; i < N; i++)
        free(blocks[i]);
}

static void *dirty_in_thread(void *unused)
{
    for (size_t n_bytes = 16; n_bytes < 8 * MIB; n_bytes *= 2)
        free(dirty_block(n_bytes));
    return unused;
}

static void after_another_thread(void)
{
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, dirty_in_thread, NULL) == 0);
    pthread_join(thread, NULL);
    for (size_t n_bytes = 16; n_bytes < 8 * MIB; n_bytes *= 2) {
        void *p = calloc(2, n_bytes / 2);
        check_zero(p, n_bytes);
        free(p);
    }
}

CHECK_MAIN(all_sizes, other_sizes, random_mix, after_another_thread)
