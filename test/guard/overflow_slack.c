// SPDX-License-Identifier: MIT
// The byte behind an object is written; 100 is no multiple of 16, so the guard is 12 bytes away.
#include "guarded.h"

int main(void)
{
    volatile char *object = object_at_end(100);
    object[100] = 1;
    object_free((void *)(size_t)object);
    return WENT_ON;
}
