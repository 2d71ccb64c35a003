// SPDX-License-Identifier: MIT
// Short threads, each allocating, handing over and freeing: what they leave must not pile up.
// Usage: churn [THREADS]
#include "life.h"

#include <pthread.h>

enum { AT_ONCE = 4, POOL = 512, STEPS = 24, SAMPLES = 20 };

static struct life_block pool[POOL];
static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;

// A place's blocks are all of one size: what lives is the same at any time, so that memory that
// grows is not the allocator's answer to a new peak of some size.
static size_t size_at(size_t place)
{
    struct prng rng = {place};
    return prng_range(&rng, 1, place % 16 ? 2000 : 100000);
}

// All of them, so that what a slot ever holds is in memory soon, not after a long series of tails.
static void touch_pages(struct life_block *b)
{
    for (size_t at = LIFE_PART; at + LIFE_PART < b->size; at += 4096)
        b->start[at] = 1;
}

// Swaps its block with one that another thread left.
static void hand_over(struct life_block *b, size_t place)
{
    struct life_block mine = *b;
    pthread_mutex_lock(&pool_lock);
    *b = pool[place];
    pool[place] = mine;
    pthread_mutex_unlock(&pool_lock);
}

static void *run_thread(void *argument)
{
    struct prng rng = {(uintptr_t)argument};
    for (int i = 0; i < STEPS; i++) {
        struct life_block b;
        size_t place = prng_below(&rng, POOL);
        life_alloc(&b, size_at(place), prng_next(&rng));
        touch_pages(&b);
        hand_over(&b, place);
        life_free(&b);
    }
    return NULL;
}

static void run_some(long first)
{
    pthread_t threads[AT_ONCE];
    for (long i = 0; i < AT_ONCE; i++)
        REQUIRE(pthread_create(&threads[i], NULL, run_thread, (void *)(first + i)) == 0);
    for (int i = 0; i < AT_ONCE; i++)
        pthread_join(threads[i], NULL);
}

// From a fifth of the run on, memory stays where it is.
static void check_flat(const long *rss_kib)
{
    long base = 0;
    for (int i = 0; i < SAMPLES / 5; i++)
        base = rss_kib[i] > base ? rss_kib[i] : base;
    for (int i = SAMPLES / 5; i < SAMPLES; i++)
        CHECK_FMT(rss_kib[i] <= base + base / 10 + 256, "RSS %ld KiB up to 20%%, %ld at %d%%", base,
                  rss_kib[i], (i + 1) * 100 / SAMPLES);
}

int main(int argc, char **argv)
{
    long count = argc > 1 ? atol(argv[1]) : 100000;
    long rss_kib[SAMPLES];
    long done = 0;
    check_begin();
    for (int sample = 0; sample < SAMPLES; sample++) {
        for (; done < (sample + 1) * count / SAMPLES; done += AT_ONCE)
            run_some(done);
        rss_kib[sample] = life_rss_kib();
    }
    check_flat(rss_kib);
    for (int i = 0; i < POOL; i++)
        life_free(&pool[i]);
    check_print("%ld threads, RSS %ld KiB at 20%%, %ld KiB at the end", done,
                rss_kib[SAMPLES / 5 - 1], rss_kib[SAMPLES - 1]);
    return check_end();
}
