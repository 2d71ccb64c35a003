// SPDX-License-Identifier: MIT
// Thread counts that grow to --threads and shrink to none, each thread with a working set of its
// own that it frees before it ends: what stays behind in caches of threads that are gone (the
// blowup of Berger, McKinley, Blumofe, Wilson, "Hoard", 2000).
#include "bench.h"

#include <pthread.h>
#include <stdio.h>

enum { THREADS_MAX = 128, OBJECTS = 4000 };

static long threads = 32, rounds = 6, turns = 10;

static size_t size_of(struct prng *r)
{
    return 16 + prng_size(r, 8000);
}

static void *work(void *arg)
{
    struct prng r = {bench_seed ^ (uint64_t)(size_t)arg};
    size_t table_bytes = OBJECTS * sizeof(void *) * 2;
    void **blocks = bench_table(table_bytes);
    size_t *sizes = (size_t *)(blocks + OBJECTS);
    uint64_t sum = 0;
    for (long turn = 0; turn < turns; turn++) {
        for (size_t i = 0; i < OBJECTS; i++) {
            if (blocks[i])
                bench_free(blocks[i], sizes[i]);
            sizes[i] = size_of(&r);
            blocks[i] = bench_alloc(sizes[i]);
            sum += sizes[i];
        }
    }
    if ((size_t)arg % THREADS_MAX == 1)
        bench_sample(); // one thread a round; the others are at work
    for (size_t i = 0; i < OBJECTS; i++)
        bench_free(blocks[i], sizes[i]);
    bench_table_free(blocks, table_bytes);
    return (void *)sum;
}

static uint64_t round_of(long count, long salt)
{
    pthread_t ids[THREADS_MAX];
    uint64_t sum = 0;
    for (long i = 0; i < count; i++)
        pthread_create(&ids[i], NULL, work, (void *)(size_t)(salt * THREADS_MAX + i + 1));
    for (long i = 0; i < count; i++) {
        void *part;
        pthread_join(ids[i], &part);
        sum += (uint64_t)part;
    }
    return sum;
}

int main(int argc, char **argv)
{
    static const struct bench_option options[] = {{"--threads", &threads, "at most"},
                                                  {"--rounds", &rounds, "of growing and shrinking"},
                                                  {"--turns", &turns, "of a thread's working set"},
                                                  {NULL, NULL, NULL}};
    bench_begin(argc, argv, "Thread counts that grow and shrink.", options);
    uint64_t sum = 0;
    threads = threads > THREADS_MAX ? THREADS_MAX : threads;
    turns = bench_scaled(turns);
    for (long round = 0; round < bench_scaled(rounds) + 1; round++) {
        for (long count = 1; count <= threads; count *= 2)
            sum += round_of(count, round);
        for (long count = threads / 2; count >= 1; count /= 2)
            sum += round_of(count, round);
    }
    printf("rest_kib %zu\n", bench_rss_kib());
    return bench_end(sum);
}
