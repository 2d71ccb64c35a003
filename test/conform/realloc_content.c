// SPDX-License-Identifier: MIT
// realloc keeps the contents, whatever it moves between: small, large, up to 256 MiB, back again.
#include "conform.h"

// A stamp each 512 bytes and one at the very end: quick to check even in huge blocks.
enum { STRIDE = 512 };

static uint64_t stamp_at(size_t offset, uint64_t seed)
{
    return (offset + 1) * 0x9e3779b97f4a7c15u ^ seed;
}

static void put_stamps(char *p, size_t n_bytes, uint64_t seed)
{
    for (size_t at = 0; at + 8 <= n_bytes; at += STRIDE) {
        uint64_t stamp = stamp_at(at, seed);
        memcpy(p + at, &stamp, 8);
    }
    if (n_bytes)
        p[n_bytes - 1] = 'e';
}

// True if all stamps of the first n_bytes are there; the end mark only if it is one.
static bool has_stamps(const char *p, size_t n_bytes, uint64_t seed, bool whole)
{
    for (size_t at = 0; at + 8 < n_bytes; at += STRIDE) {
        uint64_t stamp = stamp_at(at, seed);
        if (memcmp(p + at, &stamp, 8) != 0)
            return false;
    }
    return !whole || n_bytes == 0 || p[n_bytes - 1] == 'e';
}

static void *stamped_block(size_t n_bytes)
{
    char *p = malloc(n_bytes);
    REQUIRE(p);
    put_stamps(p, n_bytes, n_bytes);
    return p;
}

static void one_move(size_t from, size_t to)
{
    char *p = realloc(stamped_block(from), to);
    if (!CHECK_BLOCK(p))
        return;
    size_t common = from < to ? from : to;
    CHECK_FMT(has_stamps(p, common, from, from <= to), "realloc from %zu to %zu", from, to);
    CHECK(malloc_usable_size(p) >= to);
    put_stamps(p, to, 1);
    CHECK_FMT(has_stamps(p, to, 1, true), "after realloc from %zu to %zu", from, to);
    free(p);
}

static void all_ranges(void)
{
    static const size_t sizes[] = {1,     8,       17,      100,      1000,    1025,   9000,
                                   32768, 32769,   65536,   65537,    131072,  200000, MIB - 1,
                                   MIB,   MIB + 1, 3 * MIB, 10 * MIB, 33 * MIB};
    const size_t n = sizeof sizes / sizeof sizes[0];
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            one_move(sizes[i], sizes[k]);
}

static void to_256_mib_and_back(void)
{
    size_t n_bytes = 1;
    char *p = stamped_block(n_bytes);
    while (n_bytes < 256 * (size_t)MIB) {
        size_t larger = n_bytes * 2 + n_bytes / 3 + 5;
        if (larger > 256 * (size_t)MIB)
            larger = 256 * (size_t)MIB;
        p = realloc(p, larger);
        REQUIRE(p);
        CHECK_FMT(has_stamps(p, n_bytes, n_bytes, true), "%zu to %zu", n_bytes, larger);
        put_stamps(p, larger, larger);
        n_bytes = larger;
    }
    for (size_t smaller = n_bytes / 3; smaller > 0; smaller /= 3) {
        p = realloc(p, smaller);
        REQUIRE(p);
        CHECK_FMT(has_stamps(p, smaller, n_bytes, false), "256 MiB down to %zu", smaller);
    }
    free(p);
}

// Several blocks that grow and shrink side by side, so that slots and pages change hands.
static void at_random(void)
{
    enum { N = 40 };
    static char *blocks[N];
    static size_t sizes[N];
    struct prng random = {777};
    for (size_t round = 0; round < 4000; round++) {
        size_t i = prng_below(&random, N), n_bytes = prng_size(&random, 4 * MIB) + 1;
        size_t common = sizes[i] < n_bytes ? sizes[i] : n_bytes;
        blocks[i] = realloc(blocks[i], n_bytes);
        REQUIRE(blocks[i]);
        CHECK_FMT(has_stamps(blocks[i], common, i, common == sizes[i]), "round %zu: %zu to %zu",
                  round, sizes[i], n_bytes);
        put_stamps(blocks[i], n_bytes, i);
        sizes[i] = n_bytes;
    }
    for (size_t i = 0; i < N; i++)
        free(blocks[i]);
}

CHECK_MAIN(all_ranges, to_256_mib_and_back, at_random)
