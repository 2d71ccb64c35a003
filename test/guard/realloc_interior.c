// SPDX-License-Identifier: MIT
// realloc of a pointer into an object.
#include "guarded.h"

int main(void)
{
    void *volatile moved = realloc((char *)object_at_end(BYTES) + 16, 2 * BYTES);
    (void)moved;
    return WENT_ON;
}
