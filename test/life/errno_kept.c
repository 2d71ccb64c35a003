// SPDX-License-Identifier: MIT
// A call that succeeds leaves errno alone, whatever it had to do inside: first calls, growth of
// the heap, purges of what was freed, large blocks that come and go.
#include "life.h"

#include <malloc.h>
#include <pthread.h>

enum { CANARY = 123456, MANY = 20000, LARGE = 40 };

static void *slots[MANY];

// Before anything else in main, so that with a lazy library it is the first call of all.
static void first_call(void)
{
    errno = CANARY;
    slots[0] = malloc(100);
    CHECK_EQ(errno, CANARY);
    free(slots[0]);
    CHECK_EQ(errno, CANARY);
}

static void check_kept(const char *call, size_t size)
{
    CHECK_FMT(errno == CANARY, "%s of %zu bytes left errno %d", call, size, errno);
    errno = CANARY;
}

static void every_call(void)
{
    for (size_t i = 0; i < LIFE_SIZE_COUNT; i++) {
        size_t size = life_sizes[i];
        void *p = malloc(size), *q;
        check_kept("malloc", size);
        q = calloc(3, size);
        check_kept("calloc", size);
        p = realloc(p, 2 * size);
        check_kept("realloc up", size);
        p = realloc(p, size / 2 + 1);
        check_kept("realloc down", size);
        CHECK(malloc_usable_size(p) > size / 2);
        check_kept("malloc_usable_size", size);
        free(p);
        free(q);
        check_kept("free", size);
        p = memalign(4096, size);
        check_kept("memalign", size);
        free(p);
        CHECK_EQ(posix_memalign(&p, 256, size), 0);
        check_kept("posix_memalign", size);
        free(p);
        free(NULL);
        check_kept("free", size);
    }
}

// Enough of one size at a time that the heap grows and, freed, is purged.
static void heap_breathes(void)
{
    for (size_t size = 100; size < 30000; size *= 6) {
        for (int i = 0; i < MANY; i++) {
            slots[i] = malloc(size);
            check_kept("malloc", size);
            REQUIRE(slots[i] != NULL);
            *(char *)slots[i] = 1;
        }
        for (int i = 0; i < MANY; i++) {
            free(slots[i]);
            check_kept("free", size);
        }
    }
}

static void large_blocks_breathe(void)
{
    for (size_t size = 1 << 20; size <= (size_t)16 << 20; size *= 4) {
        for (int i = 0; i < LARGE; i++) {
            slots[i] = malloc(size);
            check_kept("malloc", size);
            REQUIRE(slots[i] != NULL);
            memset(slots[i], 1, size / 4);
            errno = CANARY;
        }
        for (int i = 0; i < LARGE; i++) {
            free(slots[i]);
            check_kept("free", size);
        }
    }
}

static void *run_thread(void *unused)
{
    errno = CANARY; // a thread's first calls
    free(malloc(50));
    check_kept("malloc and free", 50);
    every_call();
    return unused;
}

static void threads_keep_theirs(void)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        REQUIRE(pthread_create(&threads[i], NULL, run_thread, NULL) == 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    errno = CANARY;
}

CHECK_MAIN(first_call, every_call, heap_breathes, large_blocks_breathe, threads_keep_theirs)
