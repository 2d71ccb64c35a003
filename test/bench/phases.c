// SPDX-License-Identifier: MIT
// Phases that change the sizes of objects, each replacing most of what the one before left: the
// classic way to fragment memory (Wilson, Johnstone, Neely, Boles, "Dynamic Storage Allocation: A
// Survey and Critical Review", 1995; the generator of Robson's worst case, tamed).
#include "bench.h"

static long live_mib = 64, phases = 40;

enum { SLOTS = 1 << 18 };

static struct {
    void *block;
    size_t n_bytes;
} * slots;

static size_t phase_size(long phase, struct prng *r)
{
    size_t base = (size_t)16 << (phase * 5 % 12); // 16 bytes to 32 KiB, far from the one before
    return base + (size_t)prng_below(r, base);
}

static void drop(size_t i, size_t *live)
{
    if (!slots[i].block)
        return;
    *live -= slots[i].n_bytes;
    bench_free(slots[i].block, slots[i].n_bytes);
    slots[i].block = NULL;
}

int main(int argc, char **argv)
{
    static const struct bench_option options[] = {{"--live", &live_mib, "MiB live at most"},
                                                  {"--phases", &phases, "changes of size"},
                                                  {NULL, NULL, NULL}};
    bench_begin(argc, argv, "Phases with other sizes each; one in ten objects survives.", options);
    struct prng r = {bench_seed};
    size_t live = 0, most = (size_t)bench_scaled(live_mib) << 20, sum = 0;
    slots = bench_table(SLOTS * sizeof slots[0]);
    for (long phase = 0; phase < phases; phase++) {
        for (size_t i = 0; i < SLOTS; i++) {
            if (prng_below(&r, 10))
                drop(i, &live);
        }
        for (size_t i = 0; i < SLOTS && live < most; i++) {
            if (slots[i].block)
                continue;
            slots[i].n_bytes = phase_size(phase, &r);
            slots[i].block = bench_alloc(slots[i].n_bytes);
            live += slots[i].n_bytes;
            sum += slots[i].n_bytes;
        }
        bench_sample();
    }
    return bench_end(sum);
}
