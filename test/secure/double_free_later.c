// SPDX-License-Identifier: MIT
// A small block freed again after a thousand others came and went.
#include "crime.h"

int main(void)
{
    void *p = crime(malloc(SMALL_BYTES)), *volatile again = p;
    free(p);
    for (int i = 0; i < 1000; i++) {
        void *volatile other = malloc(SMALL_BYTES);
        free(other);
    }
    free(again);
    return 0;
}
