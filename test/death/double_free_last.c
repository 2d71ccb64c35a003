// SPDX-License-Identifier: MIT
// A small block freed twice, with nothing in between.
#include "crime.h"

int main(void)
{
    free(malloc(SMALL_BYTES));
    void *p = crime(malloc(SMALL_BYTES)), *volatile again = p;
    free(p);
    free(again);
    return 0;
}
