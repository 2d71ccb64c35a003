// SPDX-License-Identifier: MIT
// free_sized and free_aligned_sized (C23; not in glibc 2.36): free, whatever the size says.
#include "symbols.h"

static union {
    void *address;
    void (*call)(void *, size_t);
} sized;

static union {
    void *address;
    void (*call)(void *, size_t, size_t);
} aligned_sized;

static const size_t sizes[] = {0, 1, 100, 1024, 20000, 32768, 70000, 3 * MIB};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

static void true_sizes(void)
{
    for (size_t i = 0; i < N_SIZES; i++) {
        errno = 4242;
        sized.call(malloc(sizes[i]), sizes[i]);
        aligned_sized.call(aligned_alloc(64, sizes[i]), 64, sizes[i]);
        aligned_sized.call(aligned_alloc(8192, sizes[i]), 8192, sizes[i]);
        CHECK_EQ(errno, 4242);
    }
    sized.call(NULL, 0);
    sized.call(NULL, 100);
    aligned_sized.call(NULL, 16, 100);
}

// A block filed under a size it does not have would soon be handed out too large or twice.
static void false_sizes_are_not_trusted(void)
{
    static const size_t claims[] = {0, 1, 16, 100, 4000, 32768, 1 << 20, SIZE_MAX};
    for (size_t i = 0; i < N_SIZES; i++)
        for (size_t k = 0; k < sizeof claims / sizeof claims[0]; k++)
            for (int n = 0; n < 20; n++) {
                sized.call(malloc(sizes[i]), claims[k]);
                aligned_sized.call(aligned_alloc(128, sizes[i]), (size_t)1 << n, claims[k]);
            }
    check_heap_apart();
}

static void memory_is_reused(void)
{
    size_t before = resident_bytes();
    for (size_t i = 0; i < 3000; i++) {
        char *p = malloc(300 * KIB), *q = malloc(3000);
        touch(p, 300 * KIB);
        touch(q, 3000);
        sized.call(p, 300 * KIB);
        aligned_sized.call(q, 16, 3000);
    }
    CHECK_FMT(resident_growth(before) < 64 * MIB, "%zu KiB more", resident_growth(before) / KIB);
}

int main(void)
{
    check_begin();
    sized.address = symbol("free_sized");
    aligned_sized.address = symbol("free_aligned_sized");
    if (!sized.address || !aligned_sized.address)
        return check_library() ? CHECK_FAIL : CHECK_SKIP;
    true_sizes();
    false_sizes_are_not_trusted();
    memory_is_reused();
    return check_end();
}
