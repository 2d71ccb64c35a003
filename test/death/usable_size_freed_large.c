// SPDX-License-Identifier: MIT
// malloc_usable_size of a large block that was freed.
#include "crime.h"

int main(void)
{
    void *p = crime(malloc(LARGE_BYTES)), *volatile again = p;
    free(p);
    volatile size_t n_bytes = malloc_usable_size(again);
    (void)n_bytes;
    return 0;
}
