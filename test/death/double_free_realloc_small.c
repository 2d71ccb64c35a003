// SPDX-License-Identifier: MIT
// A small block is freed that realloc has moved away from already.
#include "crime.h"

int main(void)
{
    void *p = crime(malloc(SMALL_BYTES)), *volatile again = p;
    void *volatile moved = realloc(p, 10 * SMALL_BYTES);
    (void)moved;
    free(again);
    return 0;
}
