// SPDX-License-Identifier: MIT
// Batches of mixed sizes, allocated together and freed together: last first, first first, or in
// random order (after sh6bench of MicroQuill's SmartHeap suite, whose objects die in both orders;
// and threadtest of Berger, McKinley, Blumofe, Wilson, "Hoard", ASPLOS 2000).
#include "timed.h"

static long order = 2, batches = 6000, batch = 5000;
static uint16_t sizes[TIMED_SIZES];

// One in thirty is up to 8 KiB.
static uint32_t mixed(struct prng *r)
{
    return timed_below(r, 30) ? timed_small(r) : 1024 + timed_below(r, 7169);
}

static void orders_set(uint32_t *turn, uint32_t n)
{
    struct prng r = {bench_seed};
    for (uint32_t i = 0; i < n; i++)
        turn[i] = order == 0 ? n - 1 - i : i;
    for (uint32_t i = n; order == 2 && i > 1; i--) {
        uint32_t j = timed_below(&r, i), other = turn[j];
        turn[j] = turn[i - 1];
        turn[i - 1] = other;
    }
}

static uint64_t one_batch(void **blocks, const uint32_t *turn, uint32_t n, struct prng *r)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t x = prng_next(r);
        blocks[i] = timed_new(sizes[x % TIMED_SIZES], (uint32_t)(x >> 32));
    }
    for (uint32_t i = 0; i < n; i++)
        sum += timed_free(blocks[turn[i]]);
    return sum;
}

int main(int argc, char **argv)
{
    static const struct bench_option options[] = {
        {"--order", &order, "freed 0: last first, 1: first first, 2: at random"},
        {"--batches", &batches, "in all"},
        {"--batch", &batch, "blocks in one"},
        {NULL, NULL, NULL}};
    bench_begin(argc, argv, "Batches of mixed sizes, allocated and freed.", options);
    uint32_t n = (uint32_t)batch;
    void **blocks = bench_table(n * sizeof blocks[0]);
    uint32_t *turn = bench_table(n * sizeof turn[0]);
    struct prng r = {bench_seed};
    uint64_t sum = 0;
    timed_sizes(sizes, mixed);
    orders_set(turn, n);
    for (long i = bench_scaled(batches); i > 0; i--)
        sum += one_batch(blocks, turn, n, &r);
    return bench_end(sum);
}
