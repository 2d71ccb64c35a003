// SPDX-License-Identifier: MIT
// The first bytes of a small block are written after its free, with an address that is none of
// ours.
#include "crime.h"

int main(void)
{
    many_take(SMALL_BYTES);
    void **p = crime(malloc(SMALL_BYTES)), **volatile stale = p;
    free(p);
    *stale = (void *)(uintptr_t)0x4141414141414141;
    many_return(SMALL_BYTES);
    return 0;
}
