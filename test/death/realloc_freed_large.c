// SPDX-License-Identifier: MIT
// realloc of a large block that was freed.
#include "crime.h"

int main(void)
{
    void *p = crime(malloc(LARGE_BYTES)), *volatile again = p;
    free(p);
    again = realloc(again, SMALL_BYTES);
    return 0;
}
