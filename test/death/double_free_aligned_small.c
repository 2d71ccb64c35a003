// SPDX-License-Identifier: MIT
// A small block that is aligned, freed twice in a row.
#include "crime.h"

int main(void)
{
    void *p = crime(aligned_alloc(64, 192)), *volatile again = p;
    free(p);
    free(again);
    return 0;
}
