// SPDX-License-Identifier: MIT
// The only small block of its class outside the reservation, freed twice: its span is gone by then.
#include "crime.h"

int main(void)
{
    enum { RARE_BYTES = 3000 };
    void *p = crime(malloc(RARE_BYTES)), *volatile again = p;
    free(p);
    free(again);
    return 0;
}
