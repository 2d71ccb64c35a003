// SPDX-License-Identifier: MIT
// memcpy of one byte more than the block has.
#include "crime.h"

#include <string.h>

int main(void)
{
    static const char source[SMALL_BYTES + 1];
    volatile size_t n_bytes = sizeof(source);
    void *p = crime(malloc(SMALL_BYTES));
    memcpy(p, source, n_bytes);
    return 0;
}
