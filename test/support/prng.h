// SPDX-License-Identifier: MIT
// A seeded generator (splitmix64) and byte patterns: the same seed gives the same run everywhere.
#ifndef TEST_PRNG_H
#define TEST_PRNG_H

#include <stddef.h>
#include <stdint.h>

struct prng {
    uint64_t state;
};

static inline uint64_t prng_next(struct prng *r)
{
    uint64_t x = r->state += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

// In [0, bound); the bias is below 2^-32 for bounds under 2^32. bound > 0.
static inline uint64_t prng_below(struct prng *r, uint64_t bound)
{
    return prng_next(r) % bound;
}

// In [low, high], both included.
static inline uint64_t prng_range(struct prng *r, uint64_t low, uint64_t high)
{
    return low + prng_below(r, high - low + 1);
}

// A size with every magnitude equally likely: allocators see many small and few large requests.
static inline size_t prng_size(struct prng *r, size_t max)
{
    unsigned bits = 0;
    while (bits < 8 * sizeof max - 1 && (max >> bits) != 0)
        bits++;
    size_t limit = (size_t)1 << prng_below(r, bits + 1);
    return (size_t)prng_below(r, (limit < max ? limit : max) + 1);
}

// The byte that belongs at index i of a block filled with this seed.
static inline unsigned char pattern_byte(uint64_t seed, size_t i)
{
    uint64_t x = (seed ^ i) * 0x9e3779b97f4a7c15u;
    return (unsigned char)(x >> 56);
}

static inline void pattern_fill(void *block, size_t n_bytes, uint64_t seed)
{
    unsigned char *p = (unsigned char *)block;
    for (size_t i = 0; i < n_bytes; i++)
        p[i] = pattern_byte(seed, i);
}

// Index of the first byte that differs from the pattern; n_bytes if none does.
static inline size_t pattern_mismatch(const void *block, size_t n_bytes, uint64_t seed)
{
    const unsigned char *p = (const unsigned char *)block;
    for (size_t i = 0; i < n_bytes; i++)
        if (p[i] != pattern_byte(seed, i))
            return i;
    return n_bytes;
}

// Index of the first byte that is not zero; n_bytes if all are.
static inline size_t pattern_nonzero(const void *block, size_t n_bytes)
{
    const unsigned char *p = (const unsigned char *)block;
    size_t i = 0;
    for (uint64_t word; i + 8 <= n_bytes; i += 8) {
        __builtin_memcpy(&word, p + i, 8);
        if (word != 0)
            break;
    }
    while (i < n_bytes && p[i] == 0)
        i++;
    return i;
}

#endif
