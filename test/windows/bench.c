// SPDX-License-Identifier: MIT
// Nanoseconds for a malloc and its free, by the allocator that the program was linked with.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

enum { SLOTS = 1000, ROUNDS = 200, BLOCKS = 20000, SWAPS = 200000, REPEATS = 2 };

static unsigned long long state = 88172645463325252ull;

static size_t any(size_t below)
{
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (size_t)(state % below);
}

static double now_ns(void)
{
    LARGE_INTEGER count, per_second;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&per_second);
    return (double)count.QuadPart * 1e9 / (double)per_second.QuadPart;
}

static double same_object(void)
{
    double start = now_ns();
    for (int i = 0; i < SLOTS * ROUNDS; i++) {
        void *volatile p = malloc(64);
        free(p);
    }
    return (now_ns() - start) / (SLOTS * ROUNDS);
}

static double batches(void)
{
    static void *p[SLOTS];
    double start = now_ns();
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < SLOTS; i++)
            p[i] = malloc((size_t)(i * 37 % 1000) + 1);
        for (int i = 0; i < SLOTS; i++)
            free(p[i]);
    }
    return (now_ns() - start) / (SLOTS * ROUNDS);
}

static double random_set(size_t below)
{
    static void *p[BLOCKS];
    double start = now_ns();
    for (int i = 0; i < SWAPS; i++) {
        size_t at = any(below > 10000 ? SLOTS : BLOCKS);
        free(p[at]);
        p[at] = malloc(any(below) + 1);
        if (p[at])
            *(char *)p[at] = 1;
    }
    double spent = now_ns() - start;
    for (int i = 0; i < BLOCKS; i++) {
        free(p[i]);
        p[i] = NULL;
    }
    return spent / SWAPS;
}

int main(void)
{
    for (int i = 0; i < REPEATS; i++)
        printf("same %.1f, batches %.1f, random to 1000 %.1f, random to 60000 %.1f ns\n",
               same_object(), batches(), random_set(1000), random_set(60000));
    return 0;
}
