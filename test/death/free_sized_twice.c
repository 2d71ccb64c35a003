// SPDX-License-Identifier: MIT
// A large block freed twice, by free_sized.
#include "crime.h"

int main(void)
{
    void *p = crime(malloc(LARGE_BYTES)), *volatile again = p;
    free_sized(p, LARGE_BYTES);
    free_sized(again, LARGE_BYTES);
    return 0;
}
