// SPDX-License-Identifier: MIT
// Long-lived survivors spread at random, one in a hundred, among objects that die in batches: what
// a server's sessions and caches do to the pages under its requests (after the "bleeding" of Lea's
// notes on dlmalloc, and the servers of Larson and Krishnan, 1998).
#include "bench.h"

static long batches = 400, batch = 20000, keep = 60000;

static struct object {
    void *block;
    size_t n_bytes;
} * young, *old;

static size_t size_of(struct prng *r)
{
    return 16 + prng_size(r, 2000);
}

static void renew(struct object *object, struct prng *r)
{
    if (object->block)
        bench_free(object->block, object->n_bytes);
    object->n_bytes = size_of(r);
    object->block = bench_alloc(object->n_bytes);
}

// One in a hundred outlives its batch, in the place of a random survivor.
static void retire(struct object *object, struct prng *r)
{
    if (prng_below(r, 100) == 0) {
        struct object *place = &old[prng_below(r, (uint64_t)keep)];
        struct object before = *place;
        *place = *object;
        *object = before;
    }
    if (object->block)
        bench_free(object->block, object->n_bytes);
    object->block = NULL;
}

int main(int argc, char **argv)
{
    static const struct bench_option options[] = {{"--batches", &batches, "of short-lived objects"},
                                                  {"--batch", &batch, "objects in one"},
                                                  {"--keep", &keep, "survivors at most"},
                                                  {NULL, NULL, NULL}};
    bench_begin(argc, argv, "Survivors 1:100 among batches of short-lived objects.", options);
    struct prng r = {bench_seed};
    uint64_t sum = 0;
    young = bench_table((size_t)batch * sizeof young[0]);
    old = bench_table((size_t)keep * sizeof old[0]);
    for (long n = bench_scaled(batches), i = 0; i < n; i++) {
        long size = batch / 4 + (long)prng_below(&r, (uint64_t)(batch * 3 / 4)); // loads vary
        for (long j = 0; j < size; j++)
            renew(&young[j], &r);
        for (long j = 0; j < size; j++) {
            sum += young[j].n_bytes;
            retire(&young[j], &r);
        }
        bench_sample();
    }
    return bench_end(sum);
}
