// SPDX-License-Identifier: MIT
// Arenas: Zig-TempAllocator's numbers, bump_alloc's faults, and our own promises.
#include "api.h"

static void has_zigs_numbers(void)
{
    struct bump_arena arena = {0};
    REQUIRE(bump_arena_create(&arena, VAST, 0) == 0);
    CHECK_EQ(bump_arena_high_water(&arena), 0);
    CHECK_EQ(bump_arena_committed(&arena), 0);
    CHECK_NOT_NULL(bump_arena_alloc(&arena, 17, 1));
    CHECK_EQ(bump_arena_high_water(&arena), 17);
    CHECK_EQ(bump_arena_committed(&arena), 0x10000);
    CHECK_NOT_NULL(bump_arena_alloc(&arena, 300000, 1));
    CHECK_EQ(bump_arena_high_water(&arena), 300017);
    CHECK_EQ(bump_arena_committed(&arena), 0x50000);
    CHECK_EQ(bump_arena_reset(&arena), 0);
    CHECK_EQ(bump_arena_high_water(&arena), 0);
    CHECK_EQ(bump_arena_committed(&arena), 0x50000);
    CHECK_NOT_NULL(bump_arena_alloc(&arena, 1000, 1));
    struct bump_mark mark = bump_arena_mark(&arena);
    CHECK_EQ(bump_arena_used(&arena), 1000);
    CHECK_NOT_NULL(bump_arena_alloc(&arena, 1000, 1));
    CHECK_EQ(bump_arena_rewind(&arena, mark), 0);
    CHECK_EQ(bump_arena_used(&arena), 1000);
    CHECK_EQ(bump_arena_high_water(&arena), 2000);
    for (int i = 0; i < 1000; i++)
        bump_arena_reset(&arena);
    CHECK_EQ(bump_arena_committed(&arena), 0x30000);
    CHECK_EQ(bump_arena_reserved(&arena), VAST);
    bump_arena_destroy(&arena);
    CHECK_EQ(bump_arena_committed(&arena), 0);
    bump_arena_destroy(&arena);
    bump_arena_destroy(NULL);
}

static void refuses_what_cannot_be(void)
{
    struct bump_arena arena = {0};
    CHECK_EQ(bump_arena_create(&arena, 1, 1u << 9), -EINVAL);
    CHECK_EQ(bump_arena_create(&arena, 1, BUMP_ARENA_SHARED | BUMP_ARENA_CHAIN), -EINVAL);
    CHECK_EQ(bump_arena_create(&arena, 1, BUMP_ARENA_STRICT | BUMP_ARENA_LAX), -EINVAL);
    CHECK_EQ(bump_arena_create(NULL, 1, 0), -EINVAL);
    CHECK_EQ(bump_arena_create(&arena, SIZE_MAX, 0), -ENOMEM);
    REQUIRE(bump_arena_create(&arena, 1, 0) == 0);
    CHECK_EQ(bump_arena_create(&arena, 1, 0), -EBUSY);
    size_t used = bump_arena_used(&arena);
    static const size_t bad[] = {0, 3, 24, 4095, SIZE_MAX, SIZE_MAX - 7};
    for (int i = 0; i < 6; i++)
        CHECK_NULL(bump_arena_alloc(&arena, 1, bad[i]));
    CHECK_NULL(bump_arena_alloc(&arena, SIZE_MAX, 16));
    CHECK_NULL(bump_arena_alloc(&arena, SIZE_MAX - 15, 16));
    CHECK_NULL(bump_arena_alloc(&arena, (size_t)PTRDIFF_MAX, (size_t)1 << 63));
    CHECK_NULL(bump_arena_calloc(&arena, SIZE_MAX / 2, 3, 16));
    CHECK_EQ(bump_arena_used(&arena), used);
    struct bump_arena_learning fast = {1025, 1, 1, 0};
    CHECK_EQ(bump_arena_set_learning(&arena, &fast), -EINVAL);
    bump_arena_destroy(&arena);
}

// bump_alloc aligned offsets only; and it always took the alignment on top.
static void aligns_to_anything(void)
{
    static const unsigned flags[] = {0, BUMP_ARENA_SHARED, BUMP_ARENA_CHAIN};
    for (int f = 0; f < 3; f++) {
        struct bump_arena arena = {0};
        REQUIRE(bump_arena_create(&arena, GIB, flags[f]) == 0);
        for (size_t align = 1; align <= 64 * MIB; align *= 2) {
            char *object = bump_arena_alloc(&arena, 3, align);
            CHECK_ALIGNED(object, align);
            memset(object, 1, 3);
        }
        bump_arena_reset(&arena);
        char *first = bump_arena_alloc(&arena, 16, 16);
        CHECK_PTR(bump_arena_alloc(&arena, 16, 16), first + 16);
        CHECK_PTR(bump_arena_alloc(&arena, 64, 16), first + 32);
        CHECK_EQ(bump_arena_used(&arena), 96);
        bump_arena_destroy(&arena);
    }
}

static void gives_zero_bytes_an_address(void)
{
    static const unsigned flags[] = {0, BUMP_ARENA_SHARED};
    for (int f = 0; f < 2; f++) {
        struct bump_arena arena = {0};
        REQUIRE(bump_arena_create(&arena, 1 * MIB, flags[f]) == 0);
        void *a = bump_arena_alloc(&arena, 0, 1), *b = bump_arena_alloc(&arena, 0, 1);
        CHECK(a && b && a != b);
        CHECK(bump_arena_free_last(&arena, b, 0));
        CHECK_PTR(bump_arena_calloc(&arena, 0, 5, 1), b);
        bump_arena_destroy(&arena);
    }
}

// bump_alloc lost the rest of its memory to one request that was too large.
static void loses_nothing_when_full(void)
{
    static const unsigned flags[] = {0, BUMP_ARENA_SHARED};
    for (int f = 0; f < 2; f++) {
        struct bump_arena arena = {0};
        REQUIRE(bump_arena_create(&arena, 1 * MIB, flags[f]) == 0);
        CHECK_NOT_NULL(bump_arena_alloc(&arena, 100, 1));
        for (int i = 0; i < 1000; i++) {
            CHECK_NULL(bump_arena_alloc(&arena, 1 * MIB, 1));
            CHECK_NULL(bump_arena_alloc(&arena, PTRDIFF_MAX - (size_t)i, 16)); // once it wrapped
            CHECK_NULL(bump_arena_alloc(&arena, SIZE_MAX - (size_t)i, 1));
        }
        CHECK_EQ(bump_arena_used(&arena), 100);
        CHECK_EQ(bump_arena_available(&arena), MIB - 100);
        char *rest = bump_arena_alloc(&arena, MIB - 100, 1);
        REQUIRE(rest != NULL);
        memset(rest, 1, MIB - 100);
        CHECK_NULL(bump_arena_alloc(&arena, 1, 1));
        CHECK_NULL(bump_arena_alloc(&arena, 0, 1));
        CHECK_EQ(bump_arena_prepare(&arena, 1), -ERANGE);
        CHECK_EQ(bump_arena_available(&arena), 0);
        bump_arena_destroy(&arena);
    }
}

// Zig-TempAllocator and v_alloc lost an end that was shorter than a step, or than a page.
static void uses_the_last_page(void)
{
    for (size_t pages = 1; pages < 40; pages += 6) {
        struct bump_arena arena = {0};
        REQUIRE(bump_arena_create(&arena, pages * page_bytes() - 100, 0) == 0);
        CHECK_EQ(bump_arena_reserved(&arena), pages * page_bytes());
        for (size_t i = 0; i < pages; i++) {
            char *page = bump_arena_alloc(&arena, page_bytes(), 1);
            REQUIRE(page != NULL);
            memset(page, 1, page_bytes());
        }
        CHECK_NULL(bump_arena_alloc(&arena, 1, 1));
        bump_arena_destroy(&arena);
    }
}

static void is_made_by_the_first_allocation(void)
{
    struct bump_arena arena = {0};
    CHECK_NOT_NULL(bump_arena_alloc(&arena, 8, 8));
    CHECK_EQ(bump_arena_reserved(&arena), BUMP_ARENA_DEFAULT_BYTES);
    bump_arena_destroy(&arena);
    CHECK_EQ(bump_arena_reset(&arena), 0);
    CHECK_EQ(bump_arena_reset_hard(&arena), 0);
    CHECK_EQ(bump_arena_trim(&arena, 0), 0);
    bump_arena_reset_keep(&arena);
    CHECK_EQ(bump_arena_prepare(&arena, 10 * MIB), 0);
    CHECK(bump_arena_committed(&arena) >= 10 * MIB);
    bump_arena_destroy(&arena);
}

static void resizes_the_last(void)
{
    static const unsigned flags[] = {0, BUMP_ARENA_SHARED, BUMP_ARENA_CHAIN};
    for (int f = 0; f < 3; f++) {
        struct bump_arena arena = {0};
        REQUIRE(bump_arena_create(&arena, 1 * MIB, flags[f]) == 0);
        char *a = bump_arena_alloc(&arena, 100, 16), *b = bump_arena_alloc(&arena, 100, 16);
        CHECK(!bump_arena_resize(&arena, a, 100, 101));
        CHECK(bump_arena_resize(&arena, a, 100, 50)); // not the last: the rest stays
        CHECK_EQ(bump_arena_used(&arena), 212);
        CHECK(bump_arena_resize(&arena, b, 100, 300000));
        memset(b, 1, 300000);
        CHECK(!bump_arena_resize(&arena, b, 300000, MIB));
        CHECK(!bump_arena_resize(&arena, b, 300000, SIZE_MAX));
        CHECK_EQ(bump_arena_used(&arena), 300112);
        CHECK(bump_arena_resize(&arena, b, 300000, 10));
        CHECK_EQ(bump_arena_used(&arena), 122);
        CHECK_EQ(bump_arena_high_water(&arena), 300112);
        CHECK(!bump_arena_free_last(&arena, a, 50));
        CHECK(bump_arena_free_last(&arena, b, 10));
        CHECK(!bump_arena_free_last(&arena, b, 10));
        CHECK_EQ(bump_arena_used(&arena), 112); // padding stays
        CHECK(!bump_arena_free_last(&arena, a, SIZE_MAX));
        bump_arena_destroy(&arena);
    }
}

static void zeroes_what_was_used(void)
{
    static const unsigned flags[] = {0, BUMP_ARENA_SHARED};
    for (int f = 0; f < 2; f++) {
        struct bump_arena arena = {0};
        REQUIRE(bump_arena_create(&arena, 64 * MIB, flags[f]) == 0);
        struct bump_mark mark = bump_arena_mark(&arena);
        memset(bump_arena_alloc(&arena, 5 * MIB, 1), 0xab, 5 * MIB);
        CHECK_EQ(bump_arena_rewind(&arena, mark), 0);
        char *zeroed = bump_arena_calloc(&arena, 6, MIB, 64);
        CHECK(zeroed && is_filled(zeroed, 6 * MIB, 0));
        memset(zeroed, 0xab, 6 * MIB);
        CHECK(bump_arena_resize(&arena, zeroed, 6 * MIB, 100));
        zeroed = bump_arena_calloc(&arena, 7, MIB, 64);
        CHECK(zeroed && is_filled(zeroed, 7 * MIB, 0));
        // memory that was never used, or has come back from the system, is not written to
        bump_arena_reset_hard(&arena);
        zeroed = bump_arena_calloc(&arena, 8, MIB, 64);
        CHECK(zeroed && !is_resident(zeroed + MIB) && !is_resident(zeroed + 7 * MIB));
        bump_arena_destroy(&arena);
    }
}

static void owns_its_reservation(void)
{
    struct bump_arena arena = {0};
    char elsewhere;
    REQUIRE(bump_arena_create(&arena, 1 * MIB, BUMP_ARENA_CHAIN) == 0);
    char *object = bump_arena_alloc(&arena, 10, 1);
    CHECK(bump_arena_owns(&arena, object, MIB));
    CHECK(!bump_arena_owns(&arena, object, MIB + 1));
    CHECK(!bump_arena_owns(&arena, object + 1, MIB));
    CHECK(!bump_arena_owns(&arena, object - 1, 1));
    CHECK(!bump_arena_owns(&arena, object, SIZE_MAX));
    CHECK(!bump_arena_owns(&arena, &elsewhere, 1));
    CHECK(!bump_arena_owns(&arena, NULL, 0));
    char *further = bump_arena_alloc(&arena, 3 * MIB, 1);
    CHECK(bump_arena_owns(&arena, further, 3 * MIB) && bump_arena_owns(&arena, object, 10));
    bump_arena_destroy(&arena);
    CHECK(!bump_arena_owns(&arena, object, 1));
}

static void trims(void)
{
    static const unsigned flags[] = {0, BUMP_ARENA_SHARED};
    for (int f = 0; f < 2; f++) {
        struct bump_arena arena = {0};
        REQUIRE(bump_arena_create(&arena, 64 * MIB, flags[f]) == 0);
        struct bump_mark mark = bump_arena_mark(&arena);
        char *object = bump_arena_alloc(&arena, 20 * MIB, 1);
        memset(object, 1, 20 * MIB);
        CHECK_EQ(bump_arena_trim(&arena, 0), bump_arena_committed(&arena) - 20 * MIB);
        CHECK_EQ(bump_arena_rewind(&arena, mark), 0);
        CHECK_EQ(bump_arena_trim(&arena, 8 * MIB), 12 * MIB);
        CHECK_EQ(bump_arena_committed(&arena), 8 * MIB);
        CHECK(!is_resident(object + 9 * MIB));
        object = bump_arena_alloc(&arena, 9 * MIB, 1);
        REQUIRE(object != NULL);
        memset(object, 1, 9 * MIB);
        bump_arena_reset_keep(&arena);
        CHECK(bump_arena_committed(&arena) >= 9 * MIB);
        CHECK(bump_arena_reset_hard(&arena) >= 9 * MIB);
        CHECK_EQ(bump_arena_committed(&arena), 0);
        CHECK_NOT_NULL(bump_arena_alloc(&arena, 9 * MIB, 1));
        bump_arena_destroy(&arena);
    }
}

static void chains(void)
{
    struct bump_arena arena = {0};
    REQUIRE(bump_arena_create(&arena, 1 * MIB, BUMP_ARENA_CHAIN) == 0);
    char *first = bump_arena_alloc(&arena, 900 * KIB, 1);
    struct bump_mark low = bump_arena_mark(&arena);
    char *second = bump_arena_alloc(&arena, 900 * KIB, 16);
    struct bump_mark middle = bump_arena_mark(&arena);
    char *third = bump_arena_alloc(&arena, 10 * MIB, 4096);
    REQUIRE(first && second && third);
    CHECK_ALIGNED(third, 4096);
    memset(first, 1, 900 * KIB);
    memset(second, 2, 900 * KIB);
    memset(third, 3, 10 * MIB);
    CHECK(is_filled(first, 900 * KIB, 1) && is_filled(second, 900 * KIB, 2));
    CHECK(bump_arena_reserved(&arena) >= 12 * MIB);
    CHECK(bump_arena_committed(&arena) >= 11 * MIB);
    CHECK(bump_arena_used(&arena) >= 1800 * KIB + 10 * MIB);
    CHECK_EQ(bump_arena_rewind(&arena, middle), 0);
    CHECK_EQ(bump_arena_used(&arena), middle.offset_bytes);
    CHECK(!is_mapped(third));
    CHECK(is_filled(second, 900 * KIB, 2));
    CHECK(bump_arena_resize(&arena, second, 900 * KIB, 910 * KIB));
    CHECK_EQ(bump_arena_rewind(&arena, low), 0);
    CHECK_EQ(bump_arena_rewind(&arena, middle), -EINVAL);
    CHECK_EQ(bump_arena_used(&arena), 900 * KIB);
    CHECK_EQ(bump_arena_reserved(&arena), MIB);
    CHECK(is_filled(first, 900 * KIB, 1));
    CHECK_PTR(bump_arena_alloc(&arena, 1000, 1), first + 900 * KIB);
    CHECK_NOT_NULL(bump_arena_alloc(&arena, 5 * MIB, 1));
    bump_arena_reset(&arena);
    CHECK_EQ(bump_arena_used(&arena), 0);
    CHECK_EQ(bump_arena_reserved(&arena), MIB);
    for (int i = 0; i < 40; i++)
        CHECK_NOT_NULL(bump_arena_alloc(&arena, 600 * KIB, 1));
    bump_arena_destroy(&arena);
    CHECK(!is_mapped(first));
}

static void backs_strict_memory(void)
{
    struct bump_arena arena = {0};
    REQUIRE(bump_arena_create(&arena, 64 * MIB, BUMP_ARENA_STRICT) == 0);
    char *object = bump_arena_alloc(&arena, 4 * MIB, 1);
    CHECK(object && is_resident(object) && is_resident(object + 4 * MIB - page_bytes()));
    bump_arena_destroy(&arena);
    REQUIRE(bump_arena_create(&arena, 4 * VAST, BUMP_ARENA_LAX | BUMP_ARENA_HUGE) == 0);
    object = bump_arena_alloc(&arena, 2 * VAST, 1); // more than the machine has
    CHECK_NOT_NULL(object);
    write_42(object + VAST / 10);
    bump_arena_destroy(&arena);
}

static void child_has_its_own(void *argument)
{
    struct bump_arena *arena = argument;
    char *object = bump_arena_alloc(arena, MIB, 1);
    CHECK_NOT_NULL(object);
    memset(object, 9, MIB);
    bump_arena_destroy(arena);
}

static void survives_fork(void)
{
    struct bump_arena arena = {0};
    char *object = bump_arena_alloc(&arena, 100, 1);
    memset(object, 5, 100);
    CHECK_EQ(in_child(child_has_its_own, &arena), 0);
    CHECK(is_filled(object, 100, 5));
    CHECK_EQ(bump_arena_used(&arena), 100);
    CHECK_PTR(bump_arena_alloc(&arena, 1, 1), object + 100);
    bump_arena_destroy(&arena);
}

int main(void)
{
    has_zigs_numbers();
    refuses_what_cannot_be();
    aligns_to_anything();
    gives_zero_bytes_an_address();
    loses_nothing_when_full();
    uses_the_last_page();
    is_made_by_the_first_allocation();
    resizes_the_last();
    zeroes_what_was_used();
    owns_its_reservation();
    trims();
    chains();
    backs_strict_memory();
    survives_fork();
    return check_end();
}
