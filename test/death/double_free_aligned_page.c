// SPDX-License-Identifier: MIT
// A small block that begins with a page, freed twice in a row.
#include "crime.h"

int main(void)
{
    void *p = crime(aligned_alloc(4096, SMALL_BYTES)), *volatile again = p;
    free(p);
    free(again);
    return 0;
}
