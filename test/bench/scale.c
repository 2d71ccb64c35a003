// SPDX-License-Identifier: MIT
// The same work by 1 to 64 threads: 64 shares of it, each the random replacement of small objects
// in a working set of its own, spread over the threads. Wall and processor time should not rise
// with threads beyond the processors (the question that threadtest and larson put in Berger,
// McKinley, Blumofe, Wilson, "Hoard", ASPLOS 2000).
#include "timed.h"

#include <stdio.h>
#include <time.h>

enum { SHARES = 64, OBJECTS = 2000 };

static long threads = 2, turns = 60000000;
static uint16_t sizes[TIMED_SIZES];

static double wall_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t do_share(long share, void **set)
{
    struct prng r = {bench_seed * 1000 + (uint64_t)share};
    uint64_t sum = 0;
    for (long i = turns / SHARES; i > 0; i--) {
        uint64_t x = prng_next(&r);
        void **object = &set[(x >> 32) * OBJECTS >> 32];
        if (*object)
            sum += timed_free(*object);
        *object = timed_new(sizes[x % TIMED_SIZES], (uint32_t)x);
    }
    for (size_t i = 0; i < OBJECTS; i++) {
        sum += set[i] ? timed_free(set[i]) : 0;
        set[i] = NULL;
    }
    return sum;
}

static void *work(void *arg)
{
    void **set = bench_table(OBJECTS * sizeof set[0]);
    uint64_t sum = 0;
    for (long share = (long)(size_t)arg; share < SHARES; share += threads)
        sum += do_share(share, set);
    bench_table_free(set, OBJECTS * sizeof set[0]);
    return (void *)(size_t)sum;
}

int main(int argc, char **argv)
{
    static const struct bench_option options[] = {
        {"--threads", &threads, "that share the work, 64 at most"},
        {"--turns", &turns, "objects replaced in all"},
        {NULL, NULL, NULL}};
    bench_begin(argc, argv, "The same work, by few threads or many.", options);
    turns = bench_scaled(turns);
    timed_sizes(sizes, timed_small);
    double start = wall_s();
    uint64_t sum = timed_threads(threads, work);
    printf("ops_per_s %.0f\n", (double)turns / (wall_s() - start));
    return bench_end(sum);
}
