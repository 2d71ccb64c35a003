// SPDX-License-Identifier: MIT
// Does memory go back when a program goes idle? Four threads allocate --total MiB in blocks of
// --size bytes; all is freed, by its owner, by another thread, or in random order; then --rest ms
// of nothing: no call, the threads alive and blocked. What users complain of in every allocator.
#include "bench.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

enum { THREADS = 4 };

static long size = 100, total_mib = 256, order, rest_ms = 10000, trim;
static void **blocks[THREADS];
static size_t count;
static pthread_barrier_t barrier;

static void shuffle(void **table, struct prng *r)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)prng_below(r, i);
        void *other = table[j];
        table[j] = table[i - 1];
        table[i - 1] = other;
    }
}

static void *work(void *arg)
{
    size_t me = (size_t)arg;
    void **table = blocks[me];
    struct prng r = {bench_seed + me};
    for (size_t i = 0; i < count; i++)
        table[i] = bench_alloc((size_t)size);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    if (order == 1)
        table = blocks[(me + 1) % THREADS];
    if (order == 2)
        shuffle(table, &r);
    for (size_t i = 0; i < count; i++)
        bench_free(table[i], (size_t)size);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier); // alive, and idle
    return NULL;
}

static void trim_if_asked(void)
{
    int (*malloc_trim)(size_t) = NULL;
    *(void **)&malloc_trim = dlsym(RTLD_DEFAULT, "malloc_trim");
    if (trim && malloc_trim)
        printf("trim %d\n", malloc_trim(0));
}

static void rest(void)
{
    double step = 100;
    for (double slept = 0; slept < (double)rest_ms; slept += step)
        bench_sleep_ms(step);
}

int main(int argc, char **argv)
{
    static const struct bench_option options[] = {
        {"--size", &size, "bytes of a block"},
        {"--total", &total_mib, "MiB in all"},
        {"--order", &order, "freed by 0: the owner, 1: another thread, 2: the owner, at random"},
        {"--rest", &rest_ms, "milliseconds of rest"},
        {"--trim", &trim, "1: malloc_trim(0) before the rest"},
        {NULL, NULL, NULL}};
    pthread_t threads[THREADS];
    bench_begin(argc, argv, "What 4 threads leave resident when they have freed all.", options);
    rest_ms = bench_quick ? 100 : rest_ms;
    count = (size_t)bench_scaled(total_mib) * (1 << 20) / THREADS / (size_t)size;
    count = count ? count : 1;
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    for (size_t i = 0; i < THREADS; i++) {
        blocks[i] = bench_table(count * sizeof(void *));
        pthread_create(&threads[i], NULL, work, (void *)i);
    }
    pthread_barrier_wait(&barrier);
    size_t peak = bench_rss_kib() - THREADS * count * sizeof(void *) / 1024;
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    for (size_t i = 0; i < THREADS; i++)
        bench_table_free(blocks[i], count * sizeof(void *));
    trim_if_asked();
    rest();
    size_t left = bench_rss_kib();
    printf("peak_kib %zu\nrest_kib %zu\nrest_percent %.1f\n", peak, left,
           100.0 * (double)left / (double)peak);
    return bench_end(count);
}
