// SPDX-License-Identifier: MIT
// A small block freed twice in a row.
#include "crime.h"

int main(void)
{
    void *p = crime(malloc(SMALL_BYTES)), *volatile again = p;
    free(p);
    free(again);
    return 0;
}
