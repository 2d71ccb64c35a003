// SPDX-License-Identifier: MIT
// What succeeds leaves errno alone: the very first call, every later one, and free always.
#include "conform.h"

enum { MAGIC = 4242 };

static const size_t sizes[] = {
    0, 1, 24, 200, 1024, 5000, 32768, 40000, 65536, 200000, 3 * MIB, 40 * MIB, 300 * (size_t)MIB};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

static void allocation_keeps_errno(void)
{
    for (size_t i = 0; i < N_SIZES; i++) {
        errno = MAGIC;
        void *p = malloc(opaque(sizes[i]));
        CHECK_EQ(errno, MAGIC);
        void *q = calloc(1, opaque(sizes[i]));
        CHECK_EQ(errno, MAGIC);
        void *r = aligned_alloc(4096, opaque(sizes[i]));
        CHECK_EQ(errno, MAGIC);
        p = realloc(p, sizes[i] + 1);
        CHECK_EQ(errno, MAGIC);
        p = realloc(p, 2 * sizes[i] + 100);
        CHECK_EQ(errno, MAGIC);
        p = realloc(p, sizes[i] / 2 + 1);
        CHECK_EQ(errno, MAGIC);
        CHECK(malloc_usable_size(p) >= sizes[i] / 2 + 1);
        CHECK_EQ(errno, MAGIC);
        free(p);
        free(q);
        free(r);
        CHECK_EQ(errno, MAGIC);
    }
}

static void free_keeps_errno(void)
{
    enum { N = 3000 };
    static void *blocks[N];
    for (size_t round = 0; round < 5; round++) {
        for (size_t i = 0; i < N; i++)
            blocks[i] = malloc(i * (round * 30 + 1));
        for (size_t i = 0; i < N; i++) {
            errno = MAGIC;
            free(blocks[(i * 7919) % N]);
            CHECK_EQ(errno, MAGIC);
        }
    }
    errno = MAGIC;
    free(NULL);
    CHECK_EQ(errno, MAGIC);
}

// Before the first call in main nothing set errno; initialisation must not show in it.
int main(void)
{
    int at_start = errno;
    void *first = malloc(opaque(100));
    int after_first = errno;
    check_begin();
    CHECK_EQ(at_start, 0);
    CHECK_EQ(after_first, 0);
    free(first);
    allocation_keeps_errno();
    free_keeps_errno();
    return check_end();
}
