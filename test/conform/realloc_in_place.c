// SPDX-License-Identifier: MIT
// realloc within what the block has keeps the pointer; a vector that grows seldom moves and, when
// it is huge, is not copied.
#include "conform.h"

// glibc moves blocks that it mapped one by one, so there the rule holds for smaller ones.
static size_t in_place_limit(void)
{
    return check_library() ? 40 * MIB : 100 * KIB;
}

static void within_usable_size(void)
{
    for (size_t n_bytes = 1; n_bytes < in_place_limit(); n_bytes += n_bytes / 3 + 1) {
        char *p = malloc(n_bytes);
        REQUIRE(CHECK_BLOCK(p));
        size_t usable = malloc_usable_size(p);
        uintptr_t was = (uintptr_t)p;
        p = realloc(p, opaque(usable));
        CHECK_FMT((uintptr_t)p == was, "%zu bytes of %zu moved", n_bytes, usable);
        CHECK(malloc_usable_size(p) >= usable);
        was = (uintptr_t)p;
        p = realloc(p, opaque(n_bytes));
        CHECK_FMT((uintptr_t)p == was, "%zu bytes of %zu moved", n_bytes, usable);
        free(p);
    }
}

static void by_one_byte_less(void)
{
    for (size_t n_bytes = 100; n_bytes < in_place_limit(); n_bytes = n_bytes * 2 + 7) {
        char *p = malloc(n_bytes);
        size_t usable = malloc_usable_size(p);
        uintptr_t was = (uintptr_t)p;
        p = realloc(p, opaque(usable - 1));
        CHECK_FMT((uintptr_t)p == was, "%zu bytes of %zu moved", usable - 1, usable);
        free(p);
    }
}

// 16-byte steps to a megabyte: not more moves than there are size classes.
static void small_growth_is_amortised(void)
{
    size_t moves = 0;
    char *p = malloc(16);
    for (size_t n_bytes = 16; n_bytes <= MIB; n_bytes += 16) {
        uintptr_t was = (uintptr_t)p;
        p = realloc(p, n_bytes);
        REQUIRE(p);
        moves += (uintptr_t)p != was;
    }
    CHECK_FMT(moves <= 80, "%zu moves", moves);
    free(p);
}

// Only one page of each step is ever touched; a copy would make all of them resident.
static void huge_growth_copies_nothing(void)
{
    size_t before = resident_bytes(), step = 8 * MIB;
    char *p = malloc(step);
    REQUIRE(p);
    p[0] = 1;
    for (size_t n_bytes = 2 * step; n_bytes <= (size_t)GIB; n_bytes += step) {
        p = realloc(p, n_bytes);
        REQUIRE(p);
        p[n_bytes - step] = (char)(n_bytes / step);
        CHECK_FMT(resident_growth(before) < 64 * MIB, "%zu KiB more at %zu MiB",
                  resident_growth(before) / KIB, n_bytes / MIB);
    }
    CHECK_EQ(p[0], 1);
    for (size_t n_bytes = 2 * step; n_bytes <= (size_t)GIB; n_bytes += step)
        CHECK_EQ(p[n_bytes - step], (char)(n_bytes / step));
    free(p);
}

CHECK_MAIN(within_usable_size, by_one_byte_less, small_growth_is_amortised,
           huge_growth_copies_nothing)
