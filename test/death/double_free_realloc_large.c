// SPDX-License-Identifier: MIT
// A large block is freed that realloc has moved away from already.
#include "crime.h"

int main(void)
{
    void *p = crime(malloc(LARGE_BYTES)), *volatile again = p;
    void *volatile moved = realloc(p, (size_t)100 * LARGE_BYTES);
    (void)moved;
    free(again);
    return 0;
}
