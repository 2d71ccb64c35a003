// SPDX-License-Identifier: MIT
// One thread allocates, another frees: through a ring, for as many operations as an hour of a busy
// server has. Memory must not drift from one side to the other (after xmalloc-test of Lever and
// Boreham, "malloc() Performance in a Multithreaded Linux Environment", 2000).
#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

enum { RING = 1 << 14 };

static long operations = 20000000, size;

static struct {
    void *block;
    size_t n_bytes;
} ring[RING];
static _Atomic(size_t) head, tail;

static void *produce(void *arg)
{
    struct prng r = {bench_seed};
    size_t n = *(size_t *)arg, sum = 0;
    for (size_t i = 0; i < n; i++) {
        while (i - atomic_load_explicit(&tail, memory_order_acquire) >= RING)
            sched_yield();
        size_t n_bytes = size ? (size_t)size : 16 + prng_size(&r, 1000);
        ring[i % RING].n_bytes = n_bytes;
        ring[i % RING].block = bench_alloc(n_bytes);
        sum += n_bytes;
        atomic_store_explicit(&head, i + 1, memory_order_release);
    }
    return (void *)sum;
}

static void consume(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        while (atomic_load_explicit(&head, memory_order_acquire) <= i)
            sched_yield();
        bench_free(ring[i % RING].block, ring[i % RING].n_bytes);
        atomic_store_explicit(&tail, i + 1, memory_order_release);
        if (i % (n / 100) == n / 200)
            bench_sample();
    }
}

int main(int argc, char **argv)
{
    static const struct bench_option options[] = {{"--operations", &operations, "in all"},
                                                  {"--size", &size, "bytes of a block, 0: mixed"},
                                                  {NULL, NULL, NULL}};
    pthread_t producer;
    void *sum;
    bench_begin(argc, argv, "One thread allocates, another frees.", options);
    size_t n = (size_t)bench_scaled(operations);
    pthread_create(&producer, NULL, produce, &n);
    consume(n);
    pthread_join(producer, &sum);
    printf("rest_kib %zu\n", bench_rss_kib());
    return bench_end((uint64_t)sum);
}
