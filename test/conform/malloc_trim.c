// SPDX-License-Identifier: MIT
// malloc_trim gives back what is free, says truly whether it did, and leaves live blocks alone.
#include "conform.h"

#include <pthread.h>

enum { N = 20000 };

static char *blocks[N];

// All free but the last block, lest an allocator that only gives back its end looks good already.
static void make_free_memory(void)
{
    for (size_t i = 0; i < N; i++) {
        blocks[i] = malloc(3000);
        REQUIRE(blocks[i]);
        touch(blocks[i], 3000);
    }
    for (size_t i = 0; i < N - 1; i++)
        free(blocks[i]);
}

// glibc says 1 whenever it looked at a free page; the library only if memory went back.
static void trim_and_compare(void)
{
    size_t before = resident_bytes();
    int released = malloc_trim(0);
    size_t after = resident_bytes();
    CHECK_FMT(released == 0 || released == 1, "malloc_trim returned %d", released);
    if (before > after + 2 * MIB)
        CHECK_EQ(released, 1);
    if (!check_library())
        return;
    CHECK_FMT(malloc_trim(0) == 0, "the second trim in a row has nothing to release");
}

static void gives_back_small(void)
{
    size_t before = resident_bytes();
    make_free_memory();
    trim_and_compare();
    CHECK_FMT(resident_growth(before) < 8 * MIB, "%zu KiB more", resident_growth(before) / KIB);
    free(blocks[N - 1]);
}

static void gives_back_large(void)
{
    size_t before = resident_bytes();
    for (size_t n_bytes = 50000; n_bytes < 60 * MIB; n_bytes *= 2) {
        char *p = malloc(n_bytes);
        touch(p, n_bytes);
        free(p);
    }
    trim_and_compare();
    CHECK_FMT(resident_growth(before) < 8 * MIB, "%zu KiB more", resident_growth(before) / KIB);
}

static pthread_barrier_t barrier;

static void *allocate_free_and_wait(void *unused)
{
    make_free_memory();
    free(blocks[N - 1]);
    for (size_t i = 0; i < 4; i++) {
        char *p = malloc(3 * MIB);
        touch(p, 3 * MIB);
        free(p);
    }
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return unused;
}

// The memory is free, but last used by a thread that sleeps.
static void reaches_other_threads(void)
{
    pthread_t thread;
    size_t before = resident_bytes();
    pthread_barrier_init(&barrier, NULL, 2);
    REQUIRE(pthread_create(&thread, NULL, allocate_free_and_wait, NULL) == 0);
    pthread_barrier_wait(&barrier);
    malloc_trim(0);
    CHECK_FMT(resident_growth(before) < 8 * MIB, "%zu KiB more", resident_growth(before) / KIB);
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
}

static void keeps_live_blocks(void)
{
    for (size_t i = 0; i < 2000; i++) {
        blocks[i] = malloc(i * 50);
        REQUIRE(blocks[i]);
        pattern_fill(blocks[i], i * 50, i);
    }
    for (size_t i = 0; i < 2000; i += 2)
        free(blocks[i]);
    malloc_trim(opaque(100000));
    malloc_trim(0);
    for (size_t i = 1; i < 2000; i += 2) {
        CHECK_EQ(pattern_mismatch(blocks[i], i * 50, i), i * 50);
        free(blocks[i]);
    }
    unsigned char *p = calloc(1, MIB);
    CHECK_EQ(pattern_nonzero(p, MIB), MIB);
    free(p);
}

CHECK_MAIN(gives_back_small, gives_back_large, reaches_other_threads, keeps_live_blocks)
