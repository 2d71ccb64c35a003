// SPDX-License-Identifier: MIT
// The same, read.
#include "crime.h"

int main(void)
{
    volatile char *p = crime(malloc(0));
    return *p;
    return 0;
}
