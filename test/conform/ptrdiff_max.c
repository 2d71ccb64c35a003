// SPDX-License-Identifier: MIT
// What no object can be as large as fails with NULL and ENOMEM, in every function of the family.
#include "conform.h"

static const size_t impossible[] = {
    (size_t)PTRDIFF_MAX + 1,
    (size_t)PTRDIFF_MAX + 4096,
    (size_t)PTRDIFF_MAX,
    (size_t)PTRDIFF_MAX - 65536,
    SIZE_MAX - ((size_t)1 << 30),
    SIZE_MAX - 65536,
    SIZE_MAX - 4096,
    SIZE_MAX - 4095,
    SIZE_MAX - 32,
    SIZE_MAX - 16,
    SIZE_MAX - 15,
    SIZE_MAX - 1,
    SIZE_MAX,
    (size_t)1 << 62,
    (size_t)1 << 48,
};
enum { N_SIZES = sizeof impossible / sizeof impossible[0] };

static void malloc_family(void)
{
    for (size_t i = 0; i < N_SIZES; i++) {
        size_t n = opaque(impossible[i]);
        CHECK_NO_MEMORY(malloc(n));
        CHECK_NO_MEMORY(calloc(1, n));
        CHECK_NO_MEMORY(calloc(n, 1));
        CHECK_NO_MEMORY(realloc(NULL, n));
        CHECK_NO_MEMORY(reallocarray(NULL, n, 1));
        CHECK_NO_MEMORY(valloc(n));
        CHECK_NO_MEMORY(pvalloc(n));
    }
}

static void aligned_family(void)
{
    for (size_t i = 0; i < N_SIZES; i++)
        for (unsigned shift = 0; shift <= 30; shift++) {
            size_t n = opaque(impossible[i]), alignment = (size_t)1 << shift;
            CHECK_NO_MEMORY(aligned_alloc(alignment, n));
            CHECK_NO_MEMORY(memalign(alignment, n));
            if (alignment < sizeof(void *))
                continue;
            void *p = &errno;
            CHECK_EQ(posix_memalign(&p, alignment, n), ENOMEM);
            CHECK_PTR(p, &errno);
        }
}

static void impossible_alignment(void)
{
    for (unsigned shift = 48; shift <= 63; shift++) {
        size_t alignment = opaque((size_t)1 << shift);
        CHECK_NO_MEMORY(aligned_alloc(alignment, 16));
        CHECK_NO_MEMORY(memalign(alignment, 16));
    }
}

static void life_goes_on(void)
{
    check_heap_apart();
}

CHECK_MAIN(malloc_family, aligned_family, impossible_alignment, life_goes_on)
