// SPDX-License-Identifier: MIT
// Linked with a prefix of the layers and nothing above it. Where the prefix has malloc, this uses
// it; below, the system's. That the program links is the point.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_BLOCKS = 64 };

int main(void)
{
    char *blocks[N_BLOCKS];
    int bad = 0;
    for (int i = 0; i < N_BLOCKS; i++) {
        blocks[i] = malloc((size_t)i * 1000 + 1);
        if (!blocks[i])
            return 1;
        memset(blocks[i], i, (size_t)i * 1000 + 1);
    }
    for (int i = 0; i < N_BLOCKS; i++) {
        bad += blocks[i][0] != i || blocks[i][i * 1000] != i;
        free(blocks[i]);
    }
    if (bad)
        fprintf(stderr, "%d of %d blocks lost their contents\n", bad, N_BLOCKS);
    return bad != 0;
}
