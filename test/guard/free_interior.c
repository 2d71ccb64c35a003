// SPDX-License-Identifier: MIT
// free of a pointer into an object.
#include "guarded.h"

int main(void)
{
    free((char *)object_at_end(BYTES) + 16);
    return WENT_ON;
}
