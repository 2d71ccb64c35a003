// SPDX-License-Identifier: MIT
// Threads that live for a moment: each frees what a thread of the generation before left, then
// allocates a little, frees most of it and leaves the rest. What a thread's cache costs to set up
// and to take down, and whether its memory finds a user (after mleak and mstress of mimalloc-bench,
// and the thread-per-request servers of Larson and Krishnan, ISMM 1998).
#include "timed.h"

enum { WIDTH = 4, OBJECTS = 200, LEFT = 50 };

static long generations = 4000, generation;
static void *left[2][WIDTH][LEFT];
static uint16_t sizes[TIMED_SIZES];

static uint64_t take_over(void **objects)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < LEFT; i++) {
        sum += objects[i] ? timed_free(objects[i]) : 0;
        objects[i] = NULL;
    }
    return sum;
}

static void *work(void *arg)
{
    size_t me = (size_t)arg;
    struct prng r = {bench_seed + (uint64_t)generation * WIDTH + me};
    uint64_t sum = take_over(left[(generation + 1) % 2][(me + 1) % WIDTH]);
    void *objects[OBJECTS];
    for (size_t i = 0; i < OBJECTS; i++) {
        uint64_t x = prng_next(&r);
        objects[i] = timed_new(sizes[x % TIMED_SIZES], (uint32_t)(x >> 32));
    }
    for (size_t i = 0; i < OBJECTS; i++) {
        if (i % (OBJECTS / LEFT) == 0)
            left[generation % 2][me][i / (OBJECTS / LEFT)] = objects[i];
        else
            sum += timed_free(objects[i]);
    }
    return (void *)(size_t)sum;
}

int main(int argc, char **argv)
{
    static const struct bench_option options[] = {{"--generations", &generations, "of 4 threads"},
                                                  {NULL, NULL, NULL}};
    bench_begin(argc, argv, "Threads that live for a moment and leave objects behind.", options);
    uint64_t sum = 0;
    timed_sizes(sizes, timed_small);
    for (long n = bench_scaled(generations); generation < n; generation++)
        sum += timed_threads(WIDTH, work);
    for (size_t i = 0; i < WIDTH; i++)
        sum += take_over(left[(generation + 1) % 2][i]);
    return bench_end(sum);
}
