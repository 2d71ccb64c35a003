// SPDX-License-Identifier: MIT
// A block of no bytes, freed twice.
#include "crime.h"

int main(void)
{
    void *p = crime(malloc(0)), *volatile again = p;
    free(p);
    free(again);
    return 0;
}
