// SPDX-License-Identifier: MIT
// malloc_usable_size of a pointer into an object.
#include "guarded.h"

int main(void)
{
    volatile size_t n_bytes = malloc_usable_size((char *)object_at_end(BYTES) + 1);
    (void)n_bytes;
    return WENT_ON;
}
