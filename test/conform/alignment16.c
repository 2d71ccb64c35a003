// SPDX-License-Identifier: MIT
// Every block is 16-aligned, even of one byte: compilers rely on it.
#include "conform.h"

static void one_size(size_t n_bytes)
{
    void *p = malloc(n_bytes), *q = calloc(n_bytes, 1), *r = realloc(malloc(1), n_bytes + 1);
    void *s = aligned_alloc(1, n_bytes), *t = aligned_alloc(8, n_bytes), *u = malloc(n_bytes);
    bool ok = p && q && r && s && t && u;
    uintptr_t low =
        ((uintptr_t)p | (uintptr_t)q | (uintptr_t)r | (uintptr_t)s | (uintptr_t)t | (uintptr_t)u) &
        15;
    CHECK_FMT(ok && low == 0, "size %zu: %p %p %p %p %p %p", n_bytes, p, q, r, s, t, u);
    free(p);
    free(q);
    free(r);
    free(s);
    free(t);
    free(u);
}

static void every_small_size(void)
{
    for (size_t n_bytes = 0; n_bytes <= 33000; n_bytes += n_bytes < 4200 ? 1 : 101)
        one_size(n_bytes);
}

static void larger_sizes(void)
{
    for (size_t n_bytes = 33000; n_bytes < 20 * MIB; n_bytes += n_bytes / 7 + 1)
        one_size(n_bytes);
}

// Blocks that stay: the run of fresh objects, not the one just freed.
static void fresh_blocks(void)
{
    enum { N = 2000 };
    static void *blocks[N];
    for (size_t i = 0; i < N; i++)
        CHECK_ALIGNED(blocks[i] = malloc(i % 100 + 1), 16);
    for (size_t i = 0; i < N; i++)
        free(blocks[i]);
}

CHECK_MAIN(every_small_size, larger_sizes, fresh_blocks)
