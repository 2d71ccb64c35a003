// SPDX-License-Identifier: MIT
// The first byte behind an object of several pages is written.
#include "guarded.h"

int main(void)
{
    enum { LARGE_BYTES = 20000 };
    volatile char *object = object_at_end(LARGE_BYTES);
    object[LARGE_BYTES] = 1;
    return WENT_ON;
}
