// SPDX-License-Identifier: MIT
// Does the allocator put blocks of two threads on one cache line? Mode 0, actively, by handing out
// neighbours; mode 1, passively, by reusing a block where another thread has freed it (cache-thrash
// and cache-scratch of Berger, McKinley, Blumofe, Wilson, "Hoard", ASPLOS 2000).
#include "timed.h"

enum { HELD = 8 }; // blocks of a thread at a time: one alone may lie on a line of its own by luck

static long mode, threads = 2, rounds = 20000, writes = 16000, size = 8;
static pthread_barrier_t start;
static void *given[TIMED_THREADS_MAX][HELD];

// Each block in turn, with a little work between writes; the result depends on all of them.
static uint64_t scribble(volatile uint64_t **words)
{
    uint64_t x = 1;
    for (long n = writes / HELD; n > 0; n--) {
        for (size_t i = 0; i < HELD; i++) {
            x = x * 6364136223846793005u + *words[i];
            *words[i] = x;
        }
    }
    return x;
}

static uint64_t one_round(uint64_t value)
{
    volatile uint64_t *words[HELD];
    for (size_t i = 0; i < HELD; i++) {
        words[i] = malloc((size_t)size);
        if (!words[i])
            abort();
        *words[i] = value;
    }
    uint64_t sum = scribble(words);
    for (size_t i = 0; i < HELD; i++)
        free((void *)words[i]);
    return sum;
}

static void *work(void *arg)
{
    size_t me = (size_t)arg;
    uint64_t sum = 0;
    pthread_barrier_wait(&start);
    for (size_t i = 0; mode == 1 && i < HELD; i++)
        sum += timed_free(given[me][i]);
    for (long i = 0; i < rounds; i++)
        sum += one_round(me + (uint64_t)i);
    return (void *)(size_t)sum;
}

// Neighbours go to different threads.
static void give(void)
{
    for (size_t i = 0; i < HELD; i++) {
        for (long j = 0; j < threads; j++)
            given[j][i] = timed_new((uint32_t)size, (uint32_t)(i + 1));
    }
}

int main(int argc, char **argv)
{
    static const struct bench_option options[] = {
        {"--mode", &mode, "0: active, 1: passive"},
        {"--threads", &threads, "that write"},
        {"--rounds", &rounds, "of a thread: allocate 8 blocks, write, free"},
        {"--writes", &writes, "in a round"},
        {"--size", &size, "bytes of a block, 8 at least"},
        {NULL, NULL, NULL}};
    bench_begin(argc, argv, "Threads that write to small blocks of their own.", options);
    rounds = bench_scaled(rounds);
    pthread_barrier_init(&start, NULL, (unsigned)threads);
    if (mode == 1)
        give();
    return bench_end(timed_threads(threads, work));
}
