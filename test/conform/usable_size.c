// SPDX-License-Identifier: MIT
// malloc_usable_size: 0 for NULL, never less than asked, constant while the block lives, and every
// byte of it belongs to the block.
#include "conform.h"

enum { N = 600 };

static unsigned char *blocks[N];
static size_t usables[N];

// Small sizes densely, then every magnitude up to a few megabytes.
static size_t nth_size(size_t i)
{
    return i < 300 ? i * 4 : (1200 + (i % 7) * 13) << (i / 30 - 10);
}

static void fill_all(void)
{
    for (size_t i = 0; i < N; i++) {
        size_t n_bytes = nth_size(i) > 4 * MIB ? 4 * MIB : nth_size(i);
        blocks[i] = i % 3 ? malloc(n_bytes) : memalign((size_t)16 << (i % 9), n_bytes);
        REQUIRE(CHECK_BLOCK(blocks[i]));
        usables[i] = malloc_usable_size(blocks[i]);
        CHECK_FMT(usables[i] >= n_bytes, "%zu usable of %zu asked", usables[i], n_bytes);
        memset(blocks[i], (int)(i * 37 + 1) & 0xff, usables[i]);
    }
}

static bool all_bytes_are(const unsigned char *p, size_t n_bytes, unsigned char value)
{
    return n_bytes == 0 || (p[0] == value && memcmp(p, p + 1, n_bytes - 1) == 0);
}

static void every_byte_is_its_own(void)
{
    fill_all();
    for (size_t i = 0; i < N; i++) {
        CHECK_EQ(malloc_usable_size(blocks[i]), usables[i]);
        CHECK_FMT(all_bytes_are(blocks[i], usables[i], (unsigned char)((i * 37 + 1) & 0xff)),
                  "block %zu of %zu bytes was overwritten", i, usables[i]);
    }
    for (size_t i = 0; i < N; i += 2)
        free(blocks[i]);
    for (size_t i = 1; i < N; i += 2) {
        CHECK_EQ(malloc_usable_size(blocks[i]), usables[i]);
        free(blocks[i]);
    }
}

static void large_blocks(void)
{
    for (size_t n_bytes = 5 * MIB; n_bytes < 300 * (size_t)MIB; n_bytes = n_bytes * 2 + 4097) {
        char *p = malloc(n_bytes);
        REQUIRE(CHECK_BLOCK(p));
        size_t usable = malloc_usable_size(p);
        CHECK(usable >= n_bytes);
        p[0] = p[n_bytes - 1] = p[usable - 1] = 1;
        p[usable - 4096] = p[usable / 2] = p[n_bytes / 2] = 1;
        CHECK_EQ(malloc_usable_size(p), usable);
        free(p);
    }
}

static void null_has_none(void)
{
    CHECK_EQ(malloc_usable_size(opaque_ptr(NULL)), 0);
}

static void after_realloc(void)
{
    char *p = NULL;
    for (size_t n_bytes = 1; n_bytes < 20 * MIB; n_bytes += n_bytes / 2 + 1) {
        p = realloc(p, n_bytes);
        REQUIRE(p);
        size_t usable = malloc_usable_size(p);
        CHECK(usable >= n_bytes);
        p[usable - 1] = p[n_bytes - 1] = 1;
    }
    free(p);
}

CHECK_MAIN(every_byte_is_its_own, large_blocks, null_has_none, after_realloc)
