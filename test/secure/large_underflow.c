// SPDX-License-Identifier: MIT
// The byte before a large block.
#include "crime.h"

int main(void)
{
    char *p = crime(malloc(LARGE_BYTES));
    p[-1] = 1;
    return 0;
}
