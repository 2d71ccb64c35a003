// SPDX-License-Identifier: MIT
// What these tests do to the library: blocks of all sizes come, grow, shrink and go, their contents
// are verified, zeroed memory reads zero, and everything free is given back in between.
#ifndef PORTS_WORKLOAD_H
#define PORTS_WORKLOAD_H

#include "core/options.h"
#include "thread/request.h"
#include "thread_unit.h"

enum { WORKLOAD_BLOCKS = 300, WORKLOAD_STEPS = 2500, WORKLOAD_MAX = 12 << 20 };

struct workload_block {
    char *address;
    size_t n_bytes;
    uint64_t seed;
};

static inline void workload_verify(const struct workload_block *b)
{
    size_t at = b->address ? pattern_mismatch(b->address, b->n_bytes, b->seed) : b->n_bytes;
    CHECK_FMT(at == b->n_bytes, "%zu bytes at %p changed at %zu", b->n_bytes, (void *)b->address,
              at);
}

static inline void workload_free(struct workload_block *b)
{
    workload_verify(b);
    if (b->address)
        CHECK_EQ(bp_request_free(b->address), BP_DONE);
    b->address = NULL;
}

static inline void workload_alloc(struct workload_block *b, struct prng *rng)
{
    static const size_t aligns[] = {16, 16, 16, 64, 4096, 16384, 65536, 1 << 21};
    bool zero = prng_below(rng, 3) == 0;
    size_t align = aligns[prng_below(rng, sizeof aligns / sizeof aligns[0])];
    b->n_bytes = prng_size(rng, prng_below(rng, 8) ? 100000 : WORKLOAD_MAX);
    b->seed = prng_next(rng);
    b->address = bp_request_alloc(b->n_bytes, align, zero);
    REQUIRE(b->address != NULL);
    CHECK_ALIGNED(b->address, align);
    if (zero)
        CHECK_EQ(pattern_nonzero(b->address, b->n_bytes), b->n_bytes);
    pattern_fill(b->address, b->n_bytes, b->seed);
}

static inline void workload_resize(struct workload_block *b, struct prng *rng)
{
    enum bp_verdict verdict;
    size_t n_bytes = bp_max(prng_size(rng, prng_below(rng, 4) ? 100000 : WORKLOAD_MAX), 1);
    char *resized = bp_request_resize(b->address, n_bytes, &verdict);
    size_t kept = n_bytes < b->n_bytes ? n_bytes : b->n_bytes;
    REQUIRE(resized != NULL && verdict == BP_DONE);
    CHECK_EQ(pattern_mismatch(resized, kept, b->seed), kept);
    b->address = resized;
    b->n_bytes = n_bytes;
    pattern_fill(resized, n_bytes, b->seed);
}

static inline void workload_step(struct workload_block *b, struct prng *rng)
{
    if (!b->address)
        workload_alloc(b, rng);
    else if (prng_below(rng, 3) == 0)
        workload_resize(b, rng);
    else
        workload_free(b);
}

static inline void workload_run(uint64_t seed)
{
    static struct workload_block blocks[WORKLOAD_BLOCKS];
    struct prng rng = {seed};
    bp_registry_attach();
    for (int i = 0; i < WORKLOAD_STEPS; i++) {
        workload_step(&blocks[prng_below(&rng, WORKLOAD_BLOCKS)], &rng);
        if (i % 500 == 499)
            bp_request_trim();
    }
    for (int i = 0; i < WORKLOAD_BLOCKS; i++)
        workload_free(&blocks[i]);
    bp_request_trim();
}

#endif
