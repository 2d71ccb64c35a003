// SPDX-License-Identifier: MIT
// One thread allocates and fills, another checks and frees, through a ring; memory stays flat.
#include "conform.h"

#include <pthread.h>
#include <sched.h>

enum { RING = 256, N_BLOCKS = 60000, MAX_BYTES = 40000 };

struct item {
    unsigned char *block;
    size_t n_bytes;
    uint64_t seed;
};

static struct item ring[RING];
static size_t produced, consumed;

static void wait_until_above(const size_t *counter, size_t value)
{
    while (__atomic_load_n(counter, __ATOMIC_ACQUIRE) <= value)
        sched_yield();
}

// Whole blocks would cost more time than they teach: both ends are enough for large ones.
static size_t filled_bytes(size_t n_bytes)
{
    return n_bytes < 200 ? n_bytes : 200;
}

static void *produce(void *unused)
{
    struct prng random = {99};
    for (size_t i = 0; i < N_BLOCKS; i++) {
        if (i >= RING)
            wait_until_above(&consumed, i - RING);
        size_t n_bytes = prng_size(&random, MAX_BYTES);
        struct item item = {malloc(n_bytes), n_bytes, i};
        REQUIRE(item.block);
        pattern_fill(item.block, filled_bytes(n_bytes), i);
        ring[i % RING] = item;
        __atomic_store_n(&produced, i + 1, __ATOMIC_RELEASE);
    }
    return unused;
}

static void *consume(void *unused)
{
    for (size_t i = 0; i < N_BLOCKS; i++) {
        wait_until_above(&produced, i);
        struct item item = ring[i % RING];
        size_t n = filled_bytes(item.n_bytes), at = pattern_mismatch(item.block, n, item.seed);
        CHECK_FMT(at == n, "block %zu of %zu bytes changed at %zu", i, item.n_bytes, at);
        if (i % 7 == 0) {
            item.block = realloc(item.block, item.n_bytes * 2 + 1);
            CHECK_EQ(pattern_mismatch(item.block, n, item.seed), n);
        }
        free(item.block);
        __atomic_store_n(&consumed, i + 1, __ATOMIC_RELEASE);
    }
    return unused;
}

static void hand_over(void)
{
    pthread_t producer, consumer;
    size_t before = resident_bytes();
    produced = consumed = 0;
    REQUIRE(pthread_create(&producer, NULL, produce, NULL) == 0);
    REQUIRE(pthread_create(&consumer, NULL, consume, NULL) == 0);
    pthread_join(producer, NULL);
    pthread_join(consumer, NULL);
    CHECK_EQ(consumed, N_BLOCKS);
    CHECK_FMT(resident_growth(before) < 64 * MIB, "%zu KiB more", resident_growth(before) / KIB);
}

static void *free_all(void *argument)
{
    void **blocks = argument;
    for (size_t i = 0; blocks[i]; i++)
        free(blocks[i]);
    return NULL;
}

// Allocated here, freed by threads that never allocate and end at once.
static void freed_by_strangers(void)
{
    static void *blocks[1001];
    size_t before = resident_bytes();
    for (size_t round = 0; round < 100; round++) {
        pthread_t thread;
        for (size_t i = 0; i < 1000; i++) {
            blocks[i] = malloc(i + 1);
            REQUIRE(blocks[i]);
            touch(blocks[i], i + 1);
        }
        REQUIRE(pthread_create(&thread, NULL, free_all, blocks) == 0);
        pthread_join(thread, NULL);
    }
    CHECK_FMT(resident_growth(before) < 32 * MIB, "%zu KiB more", resident_growth(before) / KIB);
}

// And the other way round: a thread allocates and ends, its blocks live on and are freed here.
static void *allocate_all(void *argument)
{
    unsigned char **blocks = argument;
    for (size_t i = 0; i < 1000; i++) {
        blocks[i] = malloc(100 + i % 2000);
        REQUIRE(blocks[i]);
        pattern_fill(blocks[i], 100, i);
    }
    return NULL;
}

static void blocks_of_ended_threads(void)
{
    static unsigned char *blocks[1000];
    size_t before = resident_bytes();
    for (size_t round = 0; round < 100; round++) {
        pthread_t thread;
        REQUIRE(pthread_create(&thread, NULL, allocate_all, blocks) == 0);
        pthread_join(thread, NULL);
        for (size_t i = 0; i < 1000; i++) {
            CHECK_EQ(pattern_mismatch(blocks[i], 100, i), 100);
            free(blocks[i]);
        }
    }
    CHECK_FMT(resident_growth(before) < 32 * MIB, "%zu KiB more", resident_growth(before) / KIB);
}

CHECK_MAIN(hand_over, freed_by_strangers, blocks_of_ended_threads)
