// SPDX-License-Identifier: MIT
// reallocf (BSD): realloc, but a failure frees the block.
#include "symbols.h"

static union {
    void *address;
    void *(*call)(void *, size_t);
} reallocf_symbol;

static void success_is_realloc(void)
{
    char *p = reallocf_symbol.call(NULL, 100);
    REQUIRE(CHECK_BLOCK(p));
    pattern_fill(p, 100, 3);
    for (size_t n_bytes = 200; n_bytes < 10 * MIB; n_bytes *= 3) {
        p = reallocf_symbol.call(p, n_bytes);
        REQUIRE(CHECK_BLOCK(p));
        CHECK_EQ(pattern_mismatch(p, 100, 3), 100);
    }
    free(p);
    CHECK_NO_MEMORY(reallocf_symbol.call(NULL, opaque(SIZE_MAX)));
    CHECK_NULL(reallocf_symbol.call(malloc(10), opaque(0)));
}

// A gigabyte of failures; blocks that were not freed would stay resident.
static void failure_frees(void)
{
    static const size_t impossible[] = {SIZE_MAX, (size_t)PTRDIFF_MAX + 1, (size_t)1 << 48};
    size_t before = resident_bytes();
    for (size_t i = 0; i < 3000; i++) {
        size_t n_bytes = i % 2 ? 20000 : 700000;
        char *p = malloc(n_bytes);
        REQUIRE(p);
        touch(p, n_bytes);
        CHECK_NO_MEMORY(reallocf_symbol.call(p, opaque(impossible[i % 3])));
    }
    CHECK_FMT(resident_growth(before) < 64 * MIB, "%zu KiB more", resident_growth(before) / KIB);
    check_heap_apart();
}

int main(void)
{
    check_begin();
    reallocf_symbol.address = symbol("reallocf");
    if (!reallocf_symbol.address)
        return check_library() ? CHECK_FAIL : CHECK_SKIP;
    success_is_realloc();
    failure_frees();
    return check_end();
}
