// SPDX-License-Identifier: MIT
// bump_owns knows every block of the malloc family, wherever it lies, and nothing else.
#include "check.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>

static bool bump_owns(const void *pointer)
{
    union {
        void *address;
        bool (*call)(const void *);
    } owns = {dlsym(RTLD_DEFAULT, "bump_owns")};
    REQUIRE(owns.address != NULL);
    return owns.call(pointer);
}

static void knows_blocks_of_every_size(void)
{
    for (size_t n_bytes = 0; n_bytes < 64 << 20; n_bytes = n_bytes * 3 + 1) {
        void *block = malloc(n_bytes);
        CHECK_FMT(bump_owns(block), "%zu bytes at %p", n_bytes, block);
        void *aligned = aligned_alloc(1 << 17, n_bytes);
        CHECK_FMT(bump_owns(aligned), "%zu aligned bytes at %p", n_bytes, aligned);
        free(block);
        free(aligned);
    }
}

static void knows_nothing_else(void)
{
    static char data;
    char stack;
    CHECK(!bump_owns(NULL));
    CHECK(!bump_owns(&data));
    CHECK(!bump_owns(&stack));
    CHECK(!bump_owns((void *)(size_t)&knows_nothing_else));
}

int main(void)
{
    check_begin();
    knows_blocks_of_every_size();
    knows_nothing_else();
    return check_end();
}
