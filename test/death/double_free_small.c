// SPDX-License-Identifier: MIT
// A small block freed twice, and then as many others as make its magazine reach the depot.
#include "crime.h"

int main(void)
{
    many_take(SMALL_BYTES);
    void *p = crime(malloc(SMALL_BYTES)), *volatile again = p;
    void *between = malloc(SMALL_BYTES);
    free(p);
    free(between);
    free(again);
    many_return(SMALL_BYTES);
    return 0;
}
