// SPDX-License-Identifier: MIT
// A large block, freed twice.
#include "crime.h"

int main(void)
{
    void *p = crime(malloc(LARGE_BYTES)), *volatile again = p;
    free(p);
    free(again);
    return 0;
}
