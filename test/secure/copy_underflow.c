// SPDX-License-Identifier: MIT
// memcpy that begins before the block.
#include "crime.h"

#include <string.h>

int main(void)
{
    static const char source[SMALL_BYTES];
    volatile size_t n_bytes = sizeof(source);
    char *p = malloc(SMALL_BYTES);
    while ((uintptr_t)p % 65536 == 0)
        p = malloc(SMALL_BYTES);
    memmove((char *)crime(p) - 1, source, n_bytes);
    return 0;
}
