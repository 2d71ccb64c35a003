// SPDX-License-Identifier: MIT
// Pointers that the C library's allocator handed out reach our free, realloc and
// malloc_usable_size, and go where they came from.
#include "glibc.h"
#include "life.h"

#include <malloc.h>
#include <pthread.h>

enum { THREADS = 4, LEAK_BYTES = 20000, LEAK_TIMES = 50000 };

static struct glibc c;

static struct life_block foreign_block(size_t size, uint64_t seed)
{
    struct life_block b = {c.malloc(size), size, seed};
    REQUIRE(b.start != NULL);
    life_fill(&b);
    return b;
}

static void open_glibc(void)
{
    life_watchdog(60);
    c = glibc_open();
}

static void free_takes_them(void)
{
    for (size_t i = 0; i < LIFE_SIZE_COUNT; i++) {
        struct life_block b = foreign_block(life_sizes[i], i);
        life_free(&b);
        free(c.calloc(life_sizes[i], 1));
        free(c.memalign(64, life_sizes[i]));
        free(c.memalign(65536, life_sizes[i]));
    }
}

static void free_keeps_errno(void)
{
    for (size_t i = 0; i < LIFE_SIZE_COUNT; i++) {
        void *p = c.malloc(life_sizes[i]);
        errno = 12345;
        free(p);
        CHECK_EQ(errno, 12345);
    }
}

static void usable_size_is_theirs(void)
{
    for (size_t i = 0; i < LIFE_SIZE_COUNT; i++) {
        void *p = c.malloc(life_sizes[i]);
        CHECK_EQ(malloc_usable_size(p), c.usable(p));
        CHECK(malloc_usable_size(p) >= life_sizes[i]);
        c.free(p);
    }
}

static void check_realloc(size_t old, size_t new)
{
    struct life_block b = foreign_block(old, old + new);
    unsigned char *p = realloc(b.start, new);
    REQUIRE(p != NULL);
    size_t part = old < new ? old : new;
    part = part < LIFE_PART ? part : LIFE_PART;
    // Blocks below twice LIFE_PART bytes begin with another part of their pattern.
    if (old >= 2 * LIFE_PART)
        CHECK_FMT(pattern_mismatch(p, part, b.seed) == part, "%zu to %zu", old, new);
    if (new >= old) {
        part = old < LIFE_PART ? old : LIFE_PART;
        CHECK_FMT(pattern_mismatch(p + old - part, part, b.seed) == part, "%zu to %zu", old, new);
    }
    memset(p, 7, new);
    CHECK(malloc_usable_size(p) >= new);
    free(p);
}

static void realloc_keeps_their_bytes(void)
{
    for (size_t i = 0; i < LIFE_SIZE_COUNT; i++)
        for (size_t k = 0; k < LIFE_SIZE_COUNT; k++)
            check_realloc(life_sizes[i], life_sizes[k]);
}

static void realloc_to_nothing_frees(void)
{
    CHECK_NULL(realloc(c.malloc(100), 0));
    CHECK_NULL(realloc(c.malloc(1000000), 0));
}

static void realloc_that_fails_keeps_them(void)
{
    struct life_block b = foreign_block(1000, 1);
    void *p = b.start;
    errno = 0;
    CHECK_NULL(realloc(p, (size_t)1 << 62));
    CHECK_EQ(errno, ENOMEM);
    life_free(&b);
}

// To ignore a foreign pointer would do for all tests above.
static void freed_memory_is_used_again(void)
{
    for (int i = 0; i < LEAK_TIMES; i++) {
        unsigned char *p = c.malloc(LEAK_BYTES);
        REQUIRE(p != NULL);
        p[0] = p[5000] = p[10000] = p[15000] = p[LEAK_BYTES - 1] = 1;
        if (i % 2)
            p = realloc(p, LEAK_BYTES + LEAK_BYTES / 2);
        free(p);
    }
    CHECK_FMT(life_rss_kib() < 100 * 1024, "RSS %ld KiB", life_rss_kib());
}

static void *fill_table(void *argument)
{
    struct life_block *table = argument;
    for (size_t i = 0; i < LIFE_SIZE_COUNT; i++)
        table[i] = foreign_block(life_sizes[i], i);
    return NULL;
}

static void *free_table(void *argument)
{
    struct life_block *table = argument;
    for (size_t i = 0; i < LIFE_SIZE_COUNT; i++)
        life_free(&table[i]);
    return NULL;
}

static void run_threads(void *(*run)(void *), struct life_block (*tables)[LIFE_SIZE_COUNT],
                        int turn)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, run, tables[(i + turn) % THREADS]) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

// From the C library's other arenas, freed by threads that allocated nothing.
static void threads_pass_them_on(void)
{
    static struct life_block tables[THREADS][LIFE_SIZE_COUNT];
    for (int turn = 0; turn < 10; turn++) {
        run_threads(fill_table, tables, 0);
        run_threads(free_table, tables, turn);
    }
}

CHECK_MAIN(open_glibc, free_takes_them, free_keeps_errno, usable_size_is_theirs,
           realloc_keeps_their_bytes, realloc_to_nothing_frees, realloc_that_fails_keeps_them,
           freed_memory_is_used_again, threads_pass_them_on)
