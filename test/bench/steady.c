// SPDX-License-Identifier: MIT
// A steady state of mixed sizes: threads with small working sets, sizes of 8 bytes to 32 KiB drawn
// beforehand from a histogram in which small ones prevail (the idea of glibc's
// benchtests/bench-malloc-thread.c, with numbers of our own).
#include "timed.h"

enum { OBJECTS = 1024 };

static long threads = 2, turns = 24000000;
static uint16_t sizes[TIMED_SIZES];

// Each doubling is less frequent than the one before it.
static uint32_t one_size(struct prng *r)
{
    uint32_t a = timed_below(r, 12), b = timed_below(r, 12);
    uint32_t low = 8u << (a < b ? a : b);
    return low + timed_below(r, low);
}

static void *work(void *arg)
{
    struct prng r = {bench_seed * 1000 + (uint64_t)(size_t)arg};
    void **set = bench_table(OBJECTS * sizeof set[0]);
    uint64_t sum = 0;
    for (long i = turns / threads; i > 0; i--) {
        uint64_t x = prng_next(&r);
        void **object = &set[x % OBJECTS];
        if (*object)
            sum += timed_free(*object);
        *object = timed_new(sizes[x / OBJECTS % TIMED_SIZES], (uint32_t)(x >> 32));
    }
    for (size_t i = 0; i < OBJECTS; i++)
        sum += set[i] ? timed_free(set[i]) : 0;
    bench_table_free(set, OBJECTS * sizeof set[0]);
    return (void *)(size_t)sum;
}

int main(int argc, char **argv)
{
    static const struct bench_option options[] = {{"--threads", &threads, "at work"},
                                                  {"--turns", &turns, "objects replaced in all"},
                                                  {NULL, NULL, NULL}};
    bench_begin(argc, argv, "A steady state of mixed sizes.", options);
    turns = bench_scaled(turns);
    timed_sizes(sizes, one_size);
    return bench_end(timed_threads(threads, work));
}
