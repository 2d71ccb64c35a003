// SPDX-License-Identifier: MIT
// A key-value cache with a budget of bytes whose values change their sizes over the day: ten
// minutes of traffic at 10,000 sets a second in ten seconds. Evicts at random when it is
// full, and is emptied by nine tenths twice. After redis under a changing workload.
#include "bench.h"

#include <stdio.h>

enum { KEYS = 1 << 18 };

static long budget_mib = 96, sets = 6000000, pause_ms = 40;

static struct {
    void *value;
    uint32_t n_bytes;
} * keys;
static size_t live;

static void drop(size_t key)
{
    if (!keys[key].value)
        return;
    live -= keys[key].n_bytes;
    bench_free(keys[key].value, keys[key].n_bytes);
    keys[key].value = NULL;
}

// The middle of the distribution wanders between 40 bytes and 2.5 KiB.
static uint32_t value_bytes(long now, long end, struct prng *r)
{
    long sixth = now * 12 / end % 6;
    uint32_t middle = 40u << sixth;
    return middle / 2 + (uint32_t)prng_below(r, middle * 3 / 2);
}

static void set(size_t key, uint32_t n_bytes, struct prng *r)
{
    drop(key);
    while (live + n_bytes > (size_t)budget_mib << 20)
        drop((size_t)prng_below(r, KEYS));
    keys[key].n_bytes = n_bytes;
    keys[key].value = bench_alloc(n_bytes);
    live += n_bytes;
}

static void delete_most(struct prng *r)
{
    for (size_t key = 0; key < KEYS; key++) {
        if (prng_below(r, 10))
            drop(key);
    }
}

int main(int argc, char **argv)
{
    static const struct bench_option options[] = {{"--budget", &budget_mib, "MiB of values"},
                                                  {"--sets", &sets, "operations"},
                                                  {"--pause", &pause_ms, "ms, 200 times"},
                                                  {NULL, NULL, NULL}};
    bench_begin(argc, argv, "A cache whose values change their sizes.", options);
    struct prng r = {bench_seed};
    long n = bench_scaled(sets);
    pause_ms = bench_scaled(pause_ms);
    uint64_t sum = 0;
    keys = bench_table(KEYS * sizeof keys[0]);
    for (long i = 0; i < n; i++) {
        size_t key = (size_t)prng_below(&r, KEYS);
        uint32_t n_bytes = value_bytes(i, n, &r);
        sum += n_bytes ^ key;
        set(key, n_bytes, &r);
        if (i == n / 2)
            delete_most(&r);
        if (i % (n / 200) == 0) {
            bench_sample();
            bench_sleep_ms((double)pause_ms);
        }
    }
    delete_most(&r);
    printf("live_kib %zu\nrest_kib %zu\n", live / 1024, bench_rss_kib());
    return bench_end(sum);
}
