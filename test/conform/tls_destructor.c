// SPDX-License-Identifier: MIT
// Thread-specific destructors run late, some after the allocator's own, and may allocate and free.
#include "conform.h"

#include <limits.h>
#include <pthread.h>

enum { N_KEYS = 40, N_THREADS = 150, N_BYTES = 300 };

static pthread_key_t keys[N_KEYS];
static int destructor_runs;
static char *handed_over[N_THREADS];

struct late {
    int thread;
    int key;
    int rounds_left;
    char *block;
};

// One more round of destructors, until the value stays NULL.
static void set_again(struct late *late)
{
    struct late *next = malloc(sizeof *next);
    REQUIRE(next);
    *next = *late;
    next->rounds_left--;
    next->block = malloc(N_BYTES);
    REQUIRE(next->block);
    pattern_fill(next->block, N_BYTES, (uint64_t)late->key);
    pthread_setspecific(keys[late->key], next);
}

static void destroy(void *value)
{
    struct late *late = value;
    __atomic_add_fetch(&destructor_runs, 1, __ATOMIC_RELAXED);
    size_t at = pattern_mismatch(late->block, N_BYTES, (uint64_t)late->key);
    CHECK_FMT(at == N_BYTES, "thread %d, key %d: changed at %zu", late->thread, late->key, at);
    void *scratch[10];
    for (size_t i = 0; i < 10; i++)
        CHECK_BLOCK(scratch[i] = calloc(1, 50 << i));
    if (late->rounds_left > 0)
        set_again(late);
    for (size_t i = 0; i < 10; i++)
        free(scratch[i]);
    if (late->key == 0 && late->rounds_left == 0)
        handed_over[late->thread] = late->block;
    else
        free(late->block);
    free(late);
}

static void *run(void *argument)
{
    int thread = (int)(intptr_t)argument;
    for (int i = 0; i < N_KEYS; i++) {
        struct late *late = malloc(sizeof *late);
        REQUIRE(late);
        *late = (struct late){thread, i, i % PTHREAD_DESTRUCTOR_ITERATIONS, malloc(N_BYTES)};
        REQUIRE(late->block);
        pattern_fill(late->block, N_BYTES, (uint64_t)i);
        pthread_setspecific(keys[i], late);
    }
    return NULL;
}

// Runs of one thread: key i destroys 1 + i mod 4 times.
static int expected_runs(void)
{
    int n = 0;
    for (int i = 0; i < N_KEYS; i++)
        n += 1 + i % PTHREAD_DESTRUCTOR_ITERATIONS;
    return n;
}

static void late_calls(void)
{
    for (int i = 0; i < N_KEYS; i++)
        REQUIRE(pthread_key_create(&keys[i], destroy) == 0);
    for (int i = 0; i < N_THREADS; i += 3) {
        pthread_t threads[3];
        for (int k = 0; k < 3; k++)
            REQUIRE(pthread_create(&threads[k], NULL, run, (void *)(intptr_t)(i + k)) == 0);
        for (int k = 0; k < 3; k++)
            pthread_join(threads[k], NULL);
    }
    CHECK_EQ(destructor_runs, N_THREADS * expected_runs());
}

static void blocks_outlive_their_threads(void)
{
    for (int i = 0; i < N_THREADS; i++) {
        REQUIRE(handed_over[i]);
        CHECK_EQ(pattern_mismatch(handed_over[i], N_BYTES, 0), N_BYTES);
        free(handed_over[i]);
    }
    check_heap_apart();
}

// A thread that never allocated frees in its destructor what others allocated.
static void destroy_foreign(void *value)
{
    free(value);
    __atomic_add_fetch(&destructor_runs, 1, __ATOMIC_RELAXED);
}

static pthread_key_t foreign_key;

static void *only_set(void *block)
{
    pthread_setspecific(foreign_key, block);
    return NULL;
}

static void free_only_threads(void)
{
    destructor_runs = 0;
    REQUIRE(pthread_key_create(&foreign_key, destroy_foreign) == 0);
    for (size_t i = 0; i < N_THREADS; i++) {
        pthread_t thread;
        REQUIRE(pthread_create(&thread, NULL, only_set, malloc(i * 1000)) == 0);
        pthread_join(thread, NULL);
    }
    CHECK_EQ(destructor_runs, N_THREADS);
    check_heap_apart();
}

CHECK_MAIN(late_calls, blocks_outlive_their_threads, free_only_threads)
