// SPDX-License-Identifier: MIT
// A byte behind a block that fills its place.
#include "crime.h"

int main(void)
{
    char *p = crime(malloc(24));
    p[24] ^= 'A';
    free(p);
    return 0;
}
