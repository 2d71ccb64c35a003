// SPDX-License-Identifier: MIT
// A byte behind a block, but not right behind it.
#include "crime.h"

int main(void)
{
    char *p = crime(malloc(1000));
    p[1011] = 1;
    free(p);
    return 0;
}
