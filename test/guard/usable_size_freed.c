// SPDX-License-Identifier: MIT
// malloc_usable_size of an object that was freed.
#include "guarded.h"

int main(void)
{
    void *object = object_at_end(BYTES), *volatile again = object;
    object_free(object);
    volatile size_t n_bytes = malloc_usable_size(again);
    (void)n_bytes;
    return WENT_ON;
}
