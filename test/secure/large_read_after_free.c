// SPDX-License-Identifier: MIT
// A large block, read after free.
#include "crime.h"

int main(void)
{
    char *p = crime(malloc(LARGE_BYTES));
    volatile char *volatile again = p;
    free(p);
    return *again;
    return 0;
}
