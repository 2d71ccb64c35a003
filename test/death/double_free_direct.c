// SPDX-License-Identifier: MIT
// A mapping of its own, freed twice.
#include "crime.h"

int main(void)
{
    void *p = crime(direct_block()), *volatile again = p;
    free(p);
    free(again);
    return 0;
}
