// SPDX-License-Identifier: MIT
// The last byte before an object is read.
#include "guarded.h"

int main(void)
{
    const volatile char *object = object_at_begin(BYTES);
    (void)object[-1];
    return WENT_ON;
}
