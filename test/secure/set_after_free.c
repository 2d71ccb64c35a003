// SPDX-License-Identifier: MIT
// memset of a block that is free.
#include "crime.h"

#include <string.h>

int main(void)
{
    volatile size_t n_bytes = SMALL_BYTES;
    void *p = crime(malloc(SMALL_BYTES)), *volatile again = p;
    free(p);
    memset(again, 'A', n_bytes);
    return 0;
}
