// SPDX-License-Identifier: MIT
// Threads that allocate, hand over and free while the test does something else. All their blocks
// lie in one pool; whoever holds its lock sees them at rest.
#ifndef LIFE_NOISE_H
#define LIFE_NOISE_H

#include "life.h"

#include <pthread.h>

enum { NOISE_MAX = 16, NOISE_POOL = 256 };

static struct life_block noise_pool[NOISE_POOL];
static pthread_mutex_t noise_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_t noise_threads[NOISE_MAX];
static unsigned long noise_steps;
static int noise_count;
static bool noise_stopping;

static inline void noise_step(struct prng *rng)
{
    struct life_block b, theirs;
    size_t at = prng_below(rng, NOISE_POOL);
    // Mostly small; the large ones are allocated and freed all the same.
    size_t i = prng_below(rng, prng_below(rng, 8) ? 12 : LIFE_SIZE_COUNT);
    life_alloc(&b, life_sizes[i], prng_next(rng));
    pthread_mutex_lock(&noise_lock);
    theirs = noise_pool[at];
    noise_pool[at] = b;
    pthread_mutex_unlock(&noise_lock);
    life_free(&theirs);
    __atomic_add_fetch(&noise_steps, 1, __ATOMIC_RELAXED);
}

static inline void *noise_run(void *argument)
{
    struct prng rng = {(uintptr_t)argument};
    do {
        for (int i = 0; i < 64; i++)
            noise_step(&rng);
        usleep(20); // leaves time to the test on a machine with few processors
    } while (!__atomic_load_n(&noise_stopping, __ATOMIC_RELAXED));
    return NULL;
}

static inline void noise_start(int count)
{
    noise_stopping = false;
    noise_count = count;
    for (long i = 0; i < count; i++)
        REQUIRE(pthread_create(&noise_threads[i], NULL, noise_run, (void *)(i + 1)) == 0);
}

// All blocks, whichever thread allocated them: also for the child of a fork, if it forked with
// the lock held.
static inline void noise_free_pool(void)
{
    for (int i = 0; i < NOISE_POOL; i++)
        life_free(&noise_pool[i]);
}

static inline void noise_stop(void)
{
    __atomic_store_n(&noise_stopping, true, __ATOMIC_RELAXED);
    for (int i = 0; i < noise_count; i++)
        pthread_join(noise_threads[i], NULL);
    CHECK(noise_steps > 0);
    noise_free_pool();
}

#endif
