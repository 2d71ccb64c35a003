// SPDX-License-Identifier: MIT
// The checks build overwrites what a rewind, a reset or a free has dropped.
#include "api.h"

int main(void)
{
    static const unsigned flags[] = {0, BUMP_ARENA_SHARED, BUMP_ARENA_CHAIN};
    for (int f = 0; f < 3; f++) {
        struct bump_arena arena = {0};
        REQUIRE(bump_arena_create(&arena, 1 * MIB, flags[f]) == 0);
        unsigned char *kept = bump_arena_alloc(&arena, 100, 1);
        memset(kept, 1, 100);
        struct bump_mark mark = bump_arena_mark(&arena);
        unsigned char *dropped = bump_arena_alloc(&arena, 5000, 1);
        memset(dropped, 2, 5000);
        CHECK_EQ(bump_arena_rewind(&arena, mark), 0);
        CHECK(is_filled(kept, 100, 1));
        CHECK(is_filled(dropped, 5000, 0xdb));
        unsigned char *zeroed = bump_arena_calloc(&arena, 1, 6000, 1);
        CHECK(zeroed && is_filled(zeroed, 6000, 0));
        bump_arena_reset_keep(&arena);
        CHECK(is_filled(kept, 6100, 0xdb));
        bump_arena_destroy(&arena);
    }
    return check_end();
}
