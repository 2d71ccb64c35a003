// SPDX-License-Identifier: MIT
// A small block is freed that realloc to no bytes has freed already.
#include "crime.h"

int main(void)
{
    void *p = crime(malloc(SMALL_BYTES)), *volatile again = p;
    void *volatile nothing = realloc(p, 0);
    (void)nothing;
    free(again);
    return 0;
}
