// SPDX-License-Identifier: MIT
// A large block, freed twice; its pages were given back in between.
#include "crime.h"

int main(void)
{
    void *p = crime(malloc(LARGE_BYTES)), *volatile again = p;
    free(p);
    malloc_trim(0);
    free(again);
    return 0;
}
