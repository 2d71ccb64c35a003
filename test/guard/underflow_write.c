// SPDX-License-Identifier: MIT
// A byte before an object, not the last, is written.
#include "guarded.h"

int main(void)
{
    volatile char *object = object_at_begin(BYTES);
    object[-16] = 1;
    return WENT_ON;
}
