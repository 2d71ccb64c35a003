// SPDX-License-Identifier: MIT
// A freed object is read.
#include "guarded.h"

int main(void)
{
    const volatile char *object = object_at_end(BYTES);
    object_free((void *)(size_t)object);
    (void)object[5];
    return WENT_ON;
}
