// SPDX-License-Identifier: MIT
// A program that links libbumpalloc-api keeps its malloc; what concerns all of the allocator works
// before, and without, any allocation by it.
#include "api.h"

int main(void)
{
    void *object = malloc(100);
    CHECK(!bump_owns(object));
    CHECK(!bump_owns(NULL));
    CHECK_EQ(bump_purge(), 0);
    free(object);
    struct bump_arena arena = {0};
    errno = 4711;
    CHECK_NOT_NULL(bump_arena_alloc(&arena, 1000, 16));
    CHECK_NULL(bump_arena_alloc(&arena, 2 * GIB, 16));
    bump_arena_reset_hard(&arena);
    bump_arena_destroy(&arena);
    struct bump_region region = {0};
    CHECK_EQ(bump_region_open(&region, "/nowhere", 10, BUMP_PROT_READ, 0), -ENOENT);
    CHECK_EQ(bump_region_create(&region, (size_t)1 << 60, 3, 0), -ENOMEM);
    CHECK_EQ(errno, 4711);
    return check_end();
}
