// SPDX-License-Identifier: MIT
// A small block outside the reservation, freed twice in a row.
#include "crime.h"

int main(void)
{
    void *p = crime(malloc(SMALL_BYTES)), *volatile again = p;
    void *volatile other = malloc(SMALL_BYTES);
    free(p);
    free(again);
    free(other);
    return 0;
}
