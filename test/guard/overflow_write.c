// SPDX-License-Identifier: MIT
// A byte behind an object, not the first, is written.
#include "guarded.h"

int main(void)
{
    volatile char *object = object_at_end(BYTES);
    object[BYTES + 3] = 1;
    return WENT_ON;
}
