// SPDX-License-Identifier: MIT
// cfree: gone from headers and from plain linking, but old programs are bound to its old version.
#include "symbols.h"

void old_cfree(void *p);
__asm__(".symver old_cfree, cfree@GLIBC_2.2.5");

static void is_the_librarys(void)
{
    union {
        void (*call)(void *);
        const void *address;
    } bound = {old_cfree};
    if (!check_library())
        return;
    CHECK(symbol_is_ours(bound.address));
    CHECK_PTR(symbol("cfree"), bound.address);
}

static void frees(void)
{
    size_t before = resident_bytes();
    for (size_t i = 0; i < 20000; i++) {
        char *p = calloc(1, 1 + (i % 4) * 20 * KIB);
        touch(p, 1 + (i % 4) * 20 * KIB);
        errno = 4242;
        old_cfree(p);
        CHECK_EQ(errno, 4242);
    }
    old_cfree(NULL);
    CHECK_FMT(resident_growth(before) < 32 * MIB, "%zu KiB more", resident_growth(before) / KIB);
}

CHECK_MAIN(is_the_librarys, frees)
