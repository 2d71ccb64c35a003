// SPDX-License-Identifier: MIT
// valloc is page-aligned; pvalloc also rounds the size up to whole pages, without wrapping.
#include "conform.h"

static const size_t sizes[] = {0, 1, 100, 4095, 4096, 4097, 65536, 100001, 3 * MIB};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

static size_t round_up(size_t n_bytes, size_t page)
{
    return (n_bytes + page - 1) / page * page;
}

static void page_aligned(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < N_SIZES; i++) {
        errno = 0;
        char *p = valloc(opaque(sizes[i])), *q = pvalloc(opaque(sizes[i]));
        CHECK_EQ(errno, 0);
        CHECK_BLOCK(p);
        CHECK_BLOCK(q);
        CHECK_ALIGNED(p, page);
        CHECK_ALIGNED(q, page);
        CHECK(p != q);
        CHECK(malloc_usable_size(p) >= sizes[i]);
        CHECK(malloc_usable_size(q) >= round_up(sizes[i], page));
        memset(p, 1, malloc_usable_size(p));
        memset(q, 2, malloc_usable_size(q));
        free(p);
        free(q);
    }
}

// glibc gives a minimal block for pvalloc(0); the library a whole page.
static void nothing_is_a_page(void)
{
    void *p = pvalloc(opaque(0));
    if (check_library())
        CHECK(malloc_usable_size(p) >= (size_t)sysconf(_SC_PAGESIZE));
    free(p);
}

static void rounding_does_not_wrap(void)
{
    for (size_t below = 0; below <= 70000; below += below < 10 ? 1 : 977) {
        CHECK_NO_MEMORY(pvalloc(opaque(SIZE_MAX - below)));
        CHECK_NO_MEMORY(valloc(opaque(SIZE_MAX - below)));
    }
}

CHECK_MAIN(page_aligned, nothing_is_a_page, rounding_does_not_wrap)
