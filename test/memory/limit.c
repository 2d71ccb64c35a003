// SPDX-License-Identifier: MIT
// BUMPALLOC_LIMIT=64M: no more than that, ENOMEM beyond it, and nothing lost by it.
#include "memory.h"

enum { LIMIT = 64 << 20 };

static size_t fill(size_t n_bytes, void **table, size_t most)
{
    size_t count = 0;
    errno = 0;
    while (count < most && (table[count] = malloc(n_bytes)))
        memset(table[count++], 1, n_bytes);
    CHECK(count < most && errno == ENOMEM);
    return count;
}

// All of the limit in one size, then in another: what was free serves again.
static void in_every_size(void)
{
    static const size_t sizes[] = {100, 1000000, 30000000, 4000, 200000, 100, 30000};
    size_t most = LIMIT / 100;
    void **table = mmap(NULL, most * sizeof(void *), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long before = rss_kib();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t count = fill(sizes[i], table, most);
        CHECK_FMT(count * sizes[i] > LIMIT / 10 * 7 || count == 2, "%zu blocks of %zu", count,
                  sizes[i]);
        // The table of pointers takes 5 MiB of its own.
        CHECK_FMT(rss_kib() < before + (LIMIT >> 10) + 10240, "%ld KiB", rss_kib() - before);
        while (count > 0)
            free(table[--count]);
    }
    munmap(table, most * sizeof(void *));
}

static void growth_ends_there(void)
{
    char *vector = NULL, *grown;
    size_t n_bytes = 1000;
    for (; (grown = realloc(vector, n_bytes)); n_bytes += n_bytes / 2) {
        vector = grown;
        vector[n_bytes - 1] = 'x';
        REQUIRE(n_bytes <= LIMIT);
    }
    CHECK_EQ(errno, ENOMEM);
    free(vector);
    CHECK(!malloc(LIMIT + 1) && errno == ENOMEM);
    CHECK(!calloc(1, LIMIT + 1) && errno == ENOMEM);
    CHECK(!aligned_alloc(4096, LIMIT + 4096) && errno == ENOMEM);
    void *half = malloc(LIMIT / 2);
    CHECK(half != NULL);
    free(half);
}

static void *greedy(void *arg)
{
    void *table[64];
    for (int round = 0; round < 20; round++) {
        int count = 0;
        while (count < 64 && (table[count] = malloc((size_t)arg))) {
            memset(table[count], 1, (size_t)arg);
            count++;
        }
        while (count > 0)
            free(table[--count]);
    }
    return NULL;
}

static void holds_for_threads_together(void)
{
    pthread_t threads[4];
    long before = rss_kib();
    for (size_t i = 0; i < 4; i++)
        REQUIRE(pthread_create(&threads[i], NULL, greedy, (void *)(700000 + i * 300000)) == 0);
    for (int i = 0; i < 50; i++) {
        CHECK_FMT(rss_kib() < before + (LIMIT >> 10) + 8192, "%ld KiB", rss_kib() - before);
        usleep(2000);
    }
    for (size_t i = 0; i < 4; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
}

int main(void)
{
    check_begin();
    in_every_size();
    growth_ends_there();
    holds_for_threads_together();
    return check_end();
}
