// SPDX-License-Identifier: MIT
// Commit refused, by plan (wine overcommits): once, each n-th time, and from then on. Requests then
// answer NULL and ENOMEM, or find another way; what lives stays whole; later calls work again.
#include "check.h"
#include "prng.h"

#include "bumpalloc/bumpalloc.h"
#include "os/os.h"

enum { BLOCKS = 400, ROUNDS = 6000 };

static struct block {
    char *start;
    size_t n_bytes;
} blocks[BLOCKS];

static unsigned every, seen, refused;
static bool any_kind; // not only what makes a request fail

static int refuse(enum bp_os_call call)
{
    bool counts = any_kind || call == BP_OS_COMMIT || call == BP_OS_MAP;
    if (!counts || !every || ++seen % every)
        return 0;
    refused++;
    return ENOMEM;
}

static void drop(struct block *it)
{
    size_t part = it->n_bytes < 256 ? it->n_bytes : 256;
    if (it->start)
        CHECK_EQ(pattern_mismatch(it->start, part, it->n_bytes), part);
    free(it->start);
    it->start = NULL;
}

static unsigned take(struct block *it, size_t n_bytes)
{
    errno = 0;
    it->n_bytes = n_bytes;
    it->start = n_bytes % 2 ? malloc(n_bytes) : calloc(1, n_bytes);
    if (!it->start) {
        CHECK_EQ(errno, ENOMEM);
        return 1;
    }
    pattern_fill(it->start, n_bytes < 256 ? n_bytes : 256, n_bytes);
    return 0;
}

static size_t size_of(struct prng *rng)
{
    return (size_t)1 << prng_below(rng, 22) | prng_below(rng, 4096);
}

// From an empty heap; returns how many requests were refused.
static unsigned run(uint64_t seed)
{
    bump_purge();
    struct prng rng;
    unsigned nulls = 0;
    rng = (struct prng){seed};
    for (int i = 0; i < ROUNDS; i++) {
        struct block *it = &blocks[prng_below(&rng, BLOCKS)];
        drop(it);
        nulls += take(it, size_of(&rng) + 1);
    }
    for (int i = 0; i < BLOCKS; i++)
        drop(&blocks[i]);
    return nulls;
}

static void each_nth(void)
{
    for (every = 1; every <= 64; every *= 2) {
        seen = refused = 0;
        unsigned nulls = run(every);
        CHECK_FMT(refused > 0, "every %u: none of %u commits was refused", every, seen);
        CHECK_FMT(nulls < ROUNDS, "every %u: nothing was served", every);
    }
    every = 0;
    CHECK_EQ(run(99), 0);
}

// With nothing more to be had, what is there is still served, and freed memory serves again.
static void persistently(void)
{
    CHECK_EQ(run(7), 0);
    struct block kept;
    CHECK_EQ(take(&kept, 300), 0);
    every = 1;
    CHECK(run(8) > 0);
    CHECK_NULL(malloc((size_t)64 << 20));
    drop(&kept);
    every = 0;
    CHECK_EQ(run(9), 0);
}

int main(void)
{
    check_begin();
    bp_os_fault_hook = refuse;
    each_nth();
    persistently();
    any_kind = true;
    each_nth();
    return check_end();
}
