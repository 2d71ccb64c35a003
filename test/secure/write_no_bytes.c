// SPDX-License-Identifier: MIT
// A byte of a block that has none.
#include "crime.h"

int main(void)
{
    char *p = crime(malloc(0));
    *p = 1;
    return 0;
}
