// SPDX-License-Identifier: MIT
// A mapping of its own, aligned beyond all slots, freed twice.
#include "crime.h"

int main(void)
{
    void *p = crime(aligned_alloc((size_t)2 << 30, LARGE_BYTES)), *volatile again = p;
    free(p);
    free(again);
    return 0;
}
