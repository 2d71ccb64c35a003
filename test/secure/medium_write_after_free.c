// SPDX-License-Identifier: MIT
// A block of 100 kB, whose pages are kept, written after free.
#include "crime.h"

int main(void)
{
    char *p = crime(malloc(100000)), *volatile again = p;
    free(p);
    again[50000] = 1;
    for (int i = 0; i < 100; i++) {
        void *volatile other = malloc(100000);
        free(other);
    }
    return 0;
}
