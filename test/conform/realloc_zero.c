// SPDX-License-Identifier: MIT
// realloc(p, 0) frees p and yields NULL; with BUMPALLOC_REALLOC_ZERO=alloc (which the system does
// not know) it frees p and yields a new minimal block. reallocarray follows it.
#include "conform.h"

static bool yields_block(void)
{
    const char *mode = getenv("BUMPALLOC_REALLOC_ZERO");
    return check_library() && mode && strcmp(mode, "alloc") == 0;
}

static void check_result(void *result)
{
    CHECK_EQ(errno, 0);
    if (!yields_block()) {
        CHECK_NULL(result);
        return;
    }
    CHECK_BLOCK(result);
    CHECK(malloc_usable_size(result) <= 64);
    free(result);
}

static void every_size(void)
{
    static const size_t sizes[] = {0, 1, 16, 100, 1024, 32768, 70000, MIB, 20 * MIB};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        void *p = malloc(opaque(sizes[i]));
        CHECK_BLOCK(p);
        errno = 0;
        check_result(realloc(p, opaque(0)));
        p = malloc(opaque(sizes[i]));
        errno = 0;
        check_result(reallocarray(p, opaque(0), 8));
        p = malloc(opaque(sizes[i]));
        errno = 0;
        check_result(reallocarray(p, 8, opaque(0)));
    }
}

// What realloc failed to free would stay resident.
static void frees(size_t n_bytes, size_t count)
{
    size_t before = resident_bytes();
    for (size_t i = 0; i < count; i++) {
        char *p = malloc(n_bytes);
        touch(p, n_bytes);
        free(realloc(p, opaque(0)));
    }
    CHECK_FMT(resident_growth(before) < 64 * MIB, "%zu KiB more after blocks of %zu",
              resident_growth(before) / KIB, n_bytes);
}

static void frees_its_block(void)
{
    frees(1000, 100000);
    frees(30000, 10000);
    frees(4 * MIB, 100);
}

static void null_and_zero(void)
{
    void *p = realloc(NULL, opaque(0)), *q = realloc(NULL, opaque(0));
    CHECK_BLOCK(p);
    CHECK_BLOCK(q);
    CHECK(p != q);
    free(p);
    free(q);
}

CHECK_MAIN(every_size, frees_its_block, null_and_zero)
