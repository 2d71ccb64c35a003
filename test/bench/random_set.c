// SPDX-License-Identifier: MIT
// A working set in which a random object is replaced by one of another size at each turn, small
// sizes in the frequencies of real programs: most blocks are cold when they are freed (after
// alloc-test of Ignatchenko, "Testing Memory Allocators: ptmalloc2 vs tcmalloc vs hoard vs jemalloc
// While Trying to Simulate Real-World Loads", 2018).
#include "timed.h"

static long objects = 100000, turns = 10000000;
static uint16_t sizes[TIMED_SIZES];

static uint64_t replace_all(void **set, long n, struct prng *r)
{
    uint64_t sum = 0;
    for (long i = 0; i < n; i++) {
        uint64_t x = prng_next(r);
        void **object = &set[timed_below(r, (uint32_t)objects)];
        if (*object)
            sum += timed_free(*object);
        *object = timed_new(sizes[x % TIMED_SIZES], (uint32_t)(x >> 32));
    }
    return sum;
}

int main(int argc, char **argv)
{
    static const struct bench_option options[] = {{"--objects", &objects, "in the set"},
                                                  {"--turns", &turns, "objects replaced"},
                                                  {NULL, NULL, NULL}};
    bench_begin(argc, argv, "Random replacement in a working set of small objects.", options);
    void **set = bench_table((size_t)objects * sizeof set[0]);
    struct prng r = {bench_seed};
    timed_sizes(sizes, timed_small);
    uint64_t sum = replace_all(set, bench_scaled(turns), &r);
    for (long i = 0; i < objects; i++)
        sum += set[i] ? timed_free(set[i]) : 0;
    return bench_end(sum);
}
