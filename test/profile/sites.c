// SPDX-License-Identifier: MIT
// Allocates at known sites, so much that the truth is known, and says it: "site NAME objects bytes
// live_objects live_bytes", one line a site. A site is a function of that name. Sizes, patterns and
// threads differ, because the profile reaches its samples by different ways there.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 1 << 16, THREADS = 4 };

#define SITE __attribute__((noinline)) static

struct truth {
    const char *name;
    size_t objects, n_bytes, live_objects, live_bytes;
};

static void *volatile last; // keeps calls from being tail calls
static void *kept[8][KEPT];

static void count(struct truth *it, size_t n_bytes, int live)
{
    __atomic_add_fetch(&it->objects, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&it->n_bytes, n_bytes, __ATOMIC_RELAXED);
    if (live) {
        it->live_objects++;
        it->live_bytes += n_bytes;
    }
}

#define DEFINE_SITE(site)                                                                          \
    static struct truth truth_##site = {.name = #site};                                            \
    SITE void *site(size_t n_bytes, int live)                                                      \
    {                                                                                              \
        void *object = malloc(n_bytes);                                                            \
        last = object;                                                                             \
        count(&truth_##site, n_bytes, live);                                                       \
        return object;                                                                             \
    }

DEFINE_SITE(same_object) // one object over and over
DEFINE_SITE(batches)     // a thousand, then all freed
DEFINE_SITE(random_mix)  // many sizes at random, a working set
DEFINE_SITE(leak_small)  // never freed
DEFINE_SITE(large)       // beyond the small classes
DEFINE_SITE(threads)     // several threads, freed by others

SITE void *grows(void *object, size_t n_bytes);
static struct truth truth_grows = {.name = "grows"};
SITE void *grows(void *object, size_t n_bytes)
{
    void *moved = realloc(object, n_bytes);
    last = moved;
    count(&truth_grows, n_bytes, 0);
    return moved;
}

SITE void *zeroed(size_t n_bytes);
static struct truth truth_zeroed = {.name = "zeroed"};
SITE void *zeroed(size_t n_bytes)
{
    void *object = calloc(1, n_bytes);
    last = object;
    count(&truth_zeroed, n_bytes, 0);
    return object;
}

static uint32_t random_next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    return *state ^= *state << 5;
}

SITE void run_same_object(void)
{
    for (int i = 0; i < 8000000; i++)
        free(same_object(48, 0));
}

SITE void run_batches(void)
{
    for (int round = 0; round < 2000; round++) {
        for (int i = 0; i < 1000; i++)
            kept[0][i] = batches(100 + (size_t)(i % 3) * 200, 0);
        for (int i = 0; i < 1000; i++)
            free(kept[0][i]);
    }
}

SITE void run_random_mix(void)
{
    uint32_t state = 1;
    for (int i = 0; i < 3000000; i++) {
        uint32_t slot = random_next(&state) % 10000;
        free(kept[1][slot]);
        kept[1][slot] = random_mix(1 + random_next(&state) % 600, 0);
    }
    for (int i = 0; i < 10000; i++)
        free(kept[1][i]);
}

SITE void run_leak_small(void)
{
    for (int i = 0; i < KEPT; i++)
        kept[2][i] = leak_small(6000, 1);
}

SITE void run_large(void)
{
    for (int i = 0; i < 20000; i++)
        free(large(40000 + (size_t)(i % 50) * 1000, 0));
}

SITE void run_grows(void)
{
    for (int i = 0; i < 300; i++) {
        void *object = NULL;
        for (size_t n_bytes = 1 << 14; n_bytes <= 1 << 22; n_bytes *= 2)
            object = grows(object, n_bytes);
        free(object);
    }
}

SITE void run_zeroed(void)
{
    for (int i = 0; i < 1000000; i++)
        free(zeroed(64 + (size_t)(i % 4) * 300));
}

static void *thread_allocates(void *argument)
{
    void **objects = argument;
    for (int i = 0; i < KEPT; i++)
        objects[i] = threads(1000, 0);
    return NULL;
}

SITE void run_threads(void)
{
    pthread_t thread[THREADS];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < THREADS; i++)
            pthread_create(&thread[i], NULL, thread_allocates, kept[4 + i]);
        for (int i = 0; i < THREADS; i++)
            pthread_join(thread[i], NULL);
        for (int i = 0; i < THREADS; i++) {
            for (int k = 0; k < KEPT; k++)
                free(kept[4 + i][k]);
        }
    }
}

int main(void)
{
    static struct truth *const all[] = {&truth_same_object, &truth_batches, &truth_random_mix,
                                        &truth_leak_small,  &truth_large,   &truth_threads,
                                        &truth_grows,       &truth_zeroed};
    run_same_object();
    run_batches();
    run_random_mix();
    run_leak_small();
    run_large();
    run_threads();
    run_grows();
    run_zeroed();
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        printf("site %s %zu %zu %zu %zu\n", all[i]->name, all[i]->objects, all[i]->n_bytes,
               all[i]->live_objects, all[i]->live_bytes);
    return 0;
}
