// SPDX-License-Identifier: MIT
// A freed object is written.
#include "guarded.h"

int main(void)
{
    volatile char *object = object_at_begin(BYTES);
    object_free((void *)(size_t)object);
    object[0] = 1;
    return WENT_ON;
}
