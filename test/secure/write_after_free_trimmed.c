// SPDX-License-Identifier: MIT
// A block of 100 kB, whose pages are kept, written after free; malloc_trim does not wash that away.
#include "crime.h"

int main(void)
{
    char *p = crime(malloc(100000)), *volatile again = p;
    free(p);
    again[50000] = 1;
    malloc_trim(0);
    return 0;
}
