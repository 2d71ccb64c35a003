// SPDX-License-Identifier: MIT
// A server: each thread replaces random objects of its table, then hands the table on to a fresh
// thread and ends; so objects outlive the threads that made them (Larson and Krishnan, "Memory
// Allocation for Long-Running Server Applications", ISMM 1998).
#include "timed.h"

#include <semaphore.h>

enum { OBJECTS = 1000, SMALLEST = 8, LARGEST = 1000 };

static long sites = 8, generations = 180, turns = 20000;
static sem_t finished;

struct site {
    void *objects[OBJECTS];
    struct prng r;
    long generation;
    uint64_t sum;
};

static void *fresh(struct prng *r)
{
    uint64_t x = prng_next(r);
    uint32_t n_bytes = SMALLEST + (uint32_t)((x >> 40) * (LARGEST - SMALLEST + 1) >> 24);
    return timed_new(n_bytes, (uint32_t)x);
}

static void *serve(void *arg);

static void hand_on(struct site *site)
{
    pthread_t next;
    if (pthread_create(&next, NULL, serve, site))
        abort();
    pthread_detach(next);
}

static void *serve(void *arg)
{
    struct site *site = arg;
    struct prng r = site->r;
    for (long i = 0; i < turns; i++) {
        void **object = &site->objects[timed_below(&r, OBJECTS)];
        site->sum += timed_free(*object);
        *object = fresh(&r);
    }
    site->r = r;
    if (++site->generation < generations)
        hand_on(site);
    else
        sem_post(&finished);
    return NULL;
}

int main(int argc, char **argv)
{
    static const struct bench_option options[] = {{"--sites", &sites, "threads at a time"},
                                                  {"--generations", &generations, "of threads"},
                                                  {"--turns", &turns, "replacements of a thread"},
                                                  {NULL, NULL, NULL}};
    bench_begin(argc, argv, "Threads replace random objects and hand them on.", options);
    generations = bench_scaled(generations);
    struct site *all = bench_table((size_t)sites * sizeof all[0]);
    uint64_t sum = 0;
    sem_init(&finished, 0, 0);
    for (long i = 0; i < sites; i++) {
        all[i].r.state = bench_seed * 1000 + (uint64_t)i;
        for (size_t j = 0; j < OBJECTS; j++)
            all[i].objects[j] = fresh(&all[i].r);
    }
    for (long i = 0; i < sites; i++)
        hand_on(&all[i]);
    for (long i = 0; i < sites; i++) {
        while (sem_wait(&finished))
            continue;
    }
    for (long i = 0; i < sites; i++) {
        sum += all[i].sum;
        for (size_t j = 0; j < OBJECTS; j++)
            sum += timed_free(all[i].objects[j]);
    }
    return bench_end(sum);
}
