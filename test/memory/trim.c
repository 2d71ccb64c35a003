// SPDX-License-Identifier: MIT
// malloc_trim from one thread takes what all others keep, blocked ones included, and says the
// truth.
#include "memory.h"

enum { THREADS = 4 };

static const size_t sizes[] = {100, 1000, 4000, 30000, 200000, 1500000};
static pthread_barrier_t barrier;

static void *work(void *arg)
{
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct blocks blocks = blocks_take(sizes[i], TOTAL / 8);
        blocks_free(&blocks);
    }
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier); // blocked, with what it keeps
    struct blocks again = blocks_take((size_t)arg, TOTAL / 8);
    blocks_free(&again);
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    check_begin();
    long before = rss_kib();
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    for (size_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, work, (void *)sizes[i]) == 0);
    pthread_barrier_wait(&barrier);
    CHECK_FMT(rss_kib() > before + 2048, "nothing was kept: %ld KiB", rss_kib() - before);
    CHECK_EQ(malloc_trim(0), 1);
    // At most a slot of each size that a thread keeps, two objects of each class, and stacks.
    CHECK_FMT(rss_kib() < before + 12288, "%ld KiB are left", rss_kib() - before);
    CHECK_EQ(malloc_trim(0), 0);
    pthread_barrier_wait(&barrier);
    for (size_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
    CHECK_EQ(malloc_trim(0), 1);
    CHECK_EQ(malloc_trim(0), 0);
    return check_end();
}
