// SPDX-License-Identifier: MIT
// A small block outside the reservation, freed twice, with another freed in between: found when
// what is in use no longer adds up.
#include "crime.h"

int main(void)
{
    void *volatile others[8], *p = crime(malloc(SMALL_BYTES)), *volatile again = p;
    for (int i = 0; i < 8; i++)
        others[i] = malloc(SMALL_BYTES);
    free(p);
    free(others[0]);
    free(again);
    for (int i = 1; i < 8; i++)
        free(others[i]);
    return 0;
}
