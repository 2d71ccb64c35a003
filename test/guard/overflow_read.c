// SPDX-License-Identifier: MIT
// The first byte behind an object is read.
#include "guarded.h"

int main(void)
{
    const volatile char *object = object_at_end(BYTES);
    (void)object[BYTES];
    return WENT_ON;
}
