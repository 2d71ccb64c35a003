// SPDX-License-Identifier: MIT
// What the tests of returned memory share: blocks of a size, touched, and RSS without allocating.
#ifndef TEST_MEMORY_H
#define TEST_MEMORY_H

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { TOTAL = 64 << 20 };

struct blocks {
    void **table;
    size_t count, n_bytes;
};

static inline long rss_kib(void)
{
    char text[128] = "";
    int file = open("/proc/self/statm", O_RDONLY);
    REQUIRE(file >= 0 && read(file, text, sizeof text - 1) > 0);
    close(file);
    char *at = strchr(text, ' ');
    return strtol(at, NULL, 10) * (sysconf(_SC_PAGESIZE) / 1024);
}

static inline struct blocks blocks_take(size_t n_bytes, size_t total)
{
    struct blocks it = {NULL, total / n_bytes, n_bytes};
    it.table = mmap(NULL, it.count * sizeof(void *), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(it.table != MAP_FAILED);
    for (size_t i = 0; i < it.count; i++) {
        it.table[i] = malloc(n_bytes);
        REQUIRE(it.table[i]);
        memset(it.table[i], 1, n_bytes);
    }
    return it;
}

static inline void blocks_free(struct blocks *it)
{
    for (size_t i = 0; i < it->count; i++)
        free(it->table[i]);
    munmap(it->table, it->count * sizeof(void *));
}

// Waits at most so long for RSS to fall below `most` more than it was.
static inline bool falls(long before_kib, long most_kib, unsigned ms)
{
    for (; ms > 0 && rss_kib() > before_kib + most_kib; ms -= 50)
        usleep(50000);
    return rss_kib() <= before_kib + most_kib;
}

#endif
