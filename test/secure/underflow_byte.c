// SPDX-License-Identifier: MIT
// A byte before a block that has another place before it.
#include "crime.h"

int main(void)
{
    char *p = malloc(SMALL_BYTES);
    while ((uintptr_t)p % 65536 == 0)
        p = malloc(SMALL_BYTES);
    crime(p);
    p[-1] ^= 'A';
    free(p);
    return 0;
}
