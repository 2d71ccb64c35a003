// SPDX-License-Identifier: MIT
// posix_memalign reports by its result alone: errno and the pointer stay as they were on failure.
#include "conform.h"

static char marker;

static void bad_alignment(void)
{
    static const size_t alignments[] = {0, 1, 2, 4, 12, 24, 48, 4095, SIZE_MAX, SIZE_MAX - 7};
    for (size_t i = 0; i < sizeof alignments / sizeof alignments[0]; i++) {
        void *p = &marker;
        errno = 1234;
        CHECK_EQ(posix_memalign(&p, opaque(alignments[i]), 16), EINVAL);
        CHECK_EQ(errno, 1234);
        CHECK_PTR(p, &marker);
    }
}

// glibc leaves ENOMEM in errno here; the library leaves errno alone.
static void no_memory(void)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 63, (size_t)PTRDIFF_MAX + 1,
                                   (size_t)1 << 48};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        void *p = &marker;
        errno = 1234;
        CHECK_EQ(posix_memalign(&p, 64, opaque(sizes[i])), ENOMEM);
        if (check_library())
            CHECK_EQ(errno, 1234);
        CHECK_PTR(p, &marker);
    }
}

static void good_alignment(void)
{
    static const size_t sizes[] = {0, 1, 16, 100, 4096, 50000, 2 * MIB};
    for (size_t alignment = sizeof(void *); alignment <= 2 * MIB; alignment *= 2)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            void *p = NULL;
            errno = 1234;
            CHECK_EQ(posix_memalign(&p, alignment, opaque(sizes[i])), 0);
            CHECK_EQ(errno, 1234);
            if (!CHECK_BLOCK(p) || !CHECK_ALIGNED(p, alignment))
                continue;
            memset(p, 0x3c, sizes[i]);
            free(p);
        }
}

CHECK_MAIN(bad_alignment, no_memory, good_alignment)
