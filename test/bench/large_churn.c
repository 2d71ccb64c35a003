// SPDX-License-Identifier: MIT
// Twenty live blocks of 5 to 25 MiB, replaced at random, each written once: what buffers of images
// and matrices do (after malloc-large of mimalloc-bench, whose sizes these are).
#include "timed.h"

#include <string.h>

enum { BLOCKS = 20, MIB = 1 << 20 };

static long turns = 400, min_mib = 5, max_mib = 25;

static struct {
    unsigned char *bytes;
    size_t n_bytes;
} blocks[BLOCKS];

static uint64_t drop(size_t i)
{
    uint64_t sum = 0;
    for (size_t at = 0; at < blocks[i].n_bytes; at += MIB / 16)
        sum += blocks[i].bytes[at] * (uint64_t)(at + 1);
    free(blocks[i].bytes);
    return sum;
}

int main(int argc, char **argv)
{
    static const struct bench_option options[] = {{"--turns", &turns, "blocks replaced"},
                                                  {"--min", &min_mib, "MiB of a block"},
                                                  {"--max", &max_mib, "MiB of a block"},
                                                  {NULL, NULL, NULL}};
    bench_begin(argc, argv, "Large blocks, replaced at random and written once.", options);
    struct prng r = {bench_seed};
    uint64_t sum = 0;
    for (long n = bench_scaled(turns); n > 0; n--) {
        size_t i = (size_t)prng_below(&r, BLOCKS);
        size_t n_bytes = (size_t)prng_range(&r, (uint64_t)min_mib * MIB, (uint64_t)max_mib * MIB);
        unsigned char *bytes = malloc(n_bytes); // as in malloc-large, before the old one goes
        if (!bytes)
            abort();
        memset(bytes, (int)prng_below(&r, 255) + 1, n_bytes);
        sum += drop(i);
        blocks[i].bytes = bytes;
        blocks[i].n_bytes = n_bytes;
    }
    for (size_t i = 0; i < BLOCKS; i++)
        sum += drop(i);
    return bench_end(sum);
}
