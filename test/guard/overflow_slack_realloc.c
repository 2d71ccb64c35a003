// SPDX-License-Identifier: MIT
// As overflow_slack; found by realloc.
#include "guarded.h"

int main(void)
{
    char *object = object_at_end(100);
    ((volatile char *)object)[100] = 1;
    void *volatile moved = realloc(object, 2 * BYTES);
    (void)moved;
    return WENT_ON;
}
