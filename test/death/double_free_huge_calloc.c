// SPDX-License-Identifier: MIT
// A zeroed block of 1 GiB freed twice.
#include "crime.h"

int main(void)
{
    void *p = crime(calloc(1, (size_t)1 << 30)), *volatile again = p;
    free(p);
    free(again);
    return 0;
}
