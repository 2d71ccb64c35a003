// SPDX-License-Identifier: MIT
// How long a freed block waits: until as many others of its class as the class's ring has places
// were freed, by its thread. From then on it is drawn at random, from no more than as many. Large
// ones wait for 32 others of any size and thread.
#include "check.h"

#include <pthread.h>
#include <stdlib.h>

enum { WAITS_MAX = 64, ROUNDS = 3, LARGE_WAITS = 32, LARGE_KEPT = 8 };

// Places: with the tag, as large as the class. 32 KiB of them wait, 4 at least and 64 at most.
static const struct quarantine {
    size_t n_bytes;
    int waits;
} quarantines[] = {
    {1, 64},    {8, 64},   {200, 64}, {504, 64}, {568, 32}, {1016, 32}, {1272, 16},
    {2040, 16}, {2552, 8}, {4088, 8}, {5112, 4}, {8184, 4}, {16376, 4}, {32760, 4},
};

enum { QUARANTINES = sizeof(quarantines) / sizeof(quarantines[0]) };

// Is it among all that could be drawn now? What is drawn is kept: a free would change what waits.
static bool comes_back(const struct quarantine *it, uintptr_t was)
{
    bool came = false;
    for (int i = 0; i < it->waits + 1; i++)
        came |= (uintptr_t)malloc(it->n_bytes) == was;
    return came;
}

static void others_take(const struct quarantine *it, void **others)
{
    for (int i = 0; i < it->waits; i++)
        REQUIRE((others[i] = malloc(it->n_bytes)) != NULL);
}

// A later round finds the ring full, and the pool in another state.
static void waits_for_so_many_others(const struct quarantine *it)
{
    void *others[WAITS_MAX];
    others_take(it, others);
    void *p = malloc(it->n_bytes);
    uintptr_t was = (uintptr_t)p;
    free(p);
    for (int freed = 0; freed < it->waits; freed++) {
        CHECK_FMT(!comes_back(it, was), "%zu bytes, after %d others", it->n_bytes, freed);
        free(others[freed]);
    }
    CHECK_FMT(comes_back(it, was), "%zu bytes, after %d others", it->n_bytes, it->waits);
}

struct work {
    void *blocks[2 * WAITS_MAX];
};

static void *work_free(void *argument)
{
    struct work *work = argument;
    for (int i = 0; i < 2 * WAITS_MAX; i++)
        free(work->blocks[i]);
    return NULL;
}

static void work_take(struct work *work, size_t n_bytes)
{
    for (int i = 0; i < 2 * WAITS_MAX; i++)
        REQUIRE((work->blocks[i] = malloc(n_bytes)) != NULL);
}

static void other_threads_and_classes_do_not_count(const struct quarantine *it)
{
    struct work same, other;
    pthread_t thread;
    work_take(&same, it->n_bytes);
    work_take(&other, it->n_bytes > 8 ? it->n_bytes / 2 : 100);
    void *p = malloc(it->n_bytes);
    uintptr_t was = (uintptr_t)p;
    free(p);
    REQUIRE(pthread_create(&thread, NULL, work_free, &same) == 0);
    REQUIRE(pthread_join(thread, NULL) == 0);
    work_free(&other);
    CHECK_FMT(!comes_back(it, was) && !comes_back(it, was), "%zu bytes", it->n_bytes);
}

static bool large_comes_back(size_t n_bytes, int tries, uintptr_t was)
{
    bool came = false;
    for (int i = 0; i < tries; i++)
        came |= (uintptr_t)malloc(n_bytes) == was;
    return came;
}

// Those that keep their pages are the next of their class, all of them; what becomes of other
// addresses is left to the class regions.
static void large_ones_wait(size_t n_bytes, bool keeps_pages)
{
    void *others[LARGE_WAITS];
    int tries = keeps_pages ? LARGE_KEPT + 1 : 2;
    for (int i = 0; i < LARGE_WAITS; i++)
        REQUIRE((others[i] = malloc(i % 2 ? n_bytes : 50000)) != NULL);
    void *p = malloc(n_bytes);
    uintptr_t was = (uintptr_t)p;
    free(p);
    for (int freed = 0; freed < LARGE_WAITS; freed++) {
        CHECK_FMT(!large_comes_back(n_bytes, tries, was), "%zu bytes, after %d others", n_bytes,
                  freed);
        free(others[freed]);
    }
    CHECK_FMT(!keeps_pages || large_comes_back(n_bytes, tries, was), "%zu bytes", n_bytes);
}

int main(void)
{
    check_begin();
    large_ones_wait(100000, true);
    large_ones_wait(200000, true);
    large_ones_wait(3 << 20, false);
    for (int i = 0; i < QUARANTINES; i++) {
        for (int round = 0; round < ROUNDS; round++)
            waits_for_so_many_others(&quarantines[i]);
        other_threads_and_classes_do_not_count(&quarantines[i]);
    }
    return check_end();
}
