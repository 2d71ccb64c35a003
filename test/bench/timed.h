// SPDX-License-Identifier: MIT
// What the time workloads share: blocks that are recognised when they are read back, random numbers
// that cost little next to malloc, sizes of small objects, and threads whose results add up.
// Checksums are sums, so that no order of threads shows in them.
#ifndef TEST_BENCH_TIMED_H
#define TEST_BENCH_TIMED_H

#include "bench.h"

#include <pthread.h>
#include <stdlib.h>

enum { TIMED_THREADS_MAX = 256 };

// At the head of each block; the low byte of the tag is its last byte, too. 8 bytes at least.
struct timed_block {
    uint32_t n_bytes, tag;
};

static inline void *timed_new(uint32_t n_bytes, uint32_t tag)
{
    struct timed_block *block = malloc(n_bytes);
    if (!block)
        abort();
    block->n_bytes = n_bytes;
    block->tag = tag;
    ((unsigned char *)block)[n_bytes - 1] = (unsigned char)tag;
    return block;
}

// What it says, mixed.
static inline uint64_t timed_read(const void *p)
{
    const struct timed_block *block = p;
    uint64_t last = ((const unsigned char *)p)[block->n_bytes - 1];
    return ((uint64_t)block->tag << 8 ^ last) * 31 + block->n_bytes;
}

// Frees it, and returns what it said.
static inline uint64_t timed_free(void *block)
{
    uint64_t sum = timed_read(block);
    free(block);
    return sum;
}

// In [0, bound), without a division.
static inline uint32_t timed_below(struct prng *r, uint32_t bound)
{
    return (uint32_t)((prng_next(r) >> 32) * bound >> 32);
}

// A size of 9 to 1,024 bytes: half are up to 40, one in fifty is above 512. The numbers are our
// own, the shape is that of Zorn and Grunwald, "Empirical Measurements of Six Allocation-intensive
// C Programs", SIGPLAN Notices 27(12), 1992.
static inline uint32_t timed_small(struct prng *r)
{
    static const unsigned char percent[] = {16, 28, 25, 16, 8, 5, 2};
    uint32_t at = timed_below(r, 100), low = 8;
    for (size_t i = 0; at >= percent[i]; i++) {
        at -= percent[i];
        low *= 2;
    }
    return low + 1 + timed_below(r, low);
}

// A table of sizes to draw from, so that the draw itself costs little.
enum { TIMED_SIZES = 4096 };
static inline void timed_sizes(uint16_t ret_sizes[TIMED_SIZES], uint32_t (*one)(struct prng *r))
{
    struct prng r = {bench_seed};
    for (size_t i = 0; i < TIMED_SIZES; i++)
        ret_sizes[i] = (uint16_t)one(&r);
}

// Runs work(0) to work(count - 1), each in its own thread; returns the sum of what they return.
static inline uint64_t timed_threads(long count, void *(*work)(void *))
{
    pthread_t ids[TIMED_THREADS_MAX];
    uint64_t sum = 0;
    void *part;
    if (count < 1 || count > TIMED_THREADS_MAX)
        abort();
    for (long i = 0; i < count; i++) {
        if (pthread_create(&ids[i], NULL, work, (void *)(size_t)i))
            abort();
    }
    for (long i = 0; i < count; i++) {
        pthread_join(ids[i], &part);
        sum += (uint64_t)(size_t)part;
    }
    return sum;
}

#endif
