// SPDX-License-Identifier: MIT
// The byte before an object is written, on the side where it has no guard.
#include "guarded.h"

int main(void)
{
    volatile char *object = object_at_end(BYTES);
    object[-1] = 1;
    object_free((void *)(size_t)object);
    return WENT_ON;
}
