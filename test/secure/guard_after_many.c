// SPDX-License-Identifier: MIT
// Behind a large block, after more of them lived than there can be guards where guards are
// mappings.
#include "crime.h"

enum { BLOCKS = 12000 };

int main(void)
{
    static void *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = malloc(40000);
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    volatile char *volatile p = crime(malloc(1 << 20));
    p[1 << 20] = 1;
    return 0;
}
