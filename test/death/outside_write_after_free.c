// SPDX-License-Identifier: MIT
// A freed block outside the reservation is written: its link leads elsewhere.
#include "crime.h"

int main(void)
{
    void *volatile keep = malloc(SMALL_BYTES);
    void **p = crime(malloc(SMALL_BYTES)), **volatile freed = p;
    free(p);
    *freed = (char *)keep + 16;
    void *volatile first = malloc(SMALL_BYTES), *volatile second = malloc(SMALL_BYTES);
    (void)first, (void)second;
    return 0;
}
