// SPDX-License-Identifier: MIT
// A small block whose tag does not stand right behind it, freed twice in a row.
#include "crime.h"

int main(void)
{
    void *p = crime(malloc(1000)), *volatile again = p;
    free(p);
    free(again);
    return 0;
}
