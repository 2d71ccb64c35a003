// SPDX-License-Identifier: MIT
// A small block aligned to more than small blocks are, freed twice.
#include "crime.h"

int main(void)
{
    void *p = crime(aligned_alloc((size_t)1 << 20, SMALL_BYTES)), *volatile again = p;
    free(p);
    free(again);
    return 0;
}
