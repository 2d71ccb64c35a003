// SPDX-License-Identifier: MIT
// realloc of an object that was freed.
#include "guarded.h"

int main(void)
{
    void *object = object_at_end(BYTES), *volatile again = object;
    object_free(object);
    again = realloc(again, 2 * BYTES);
    return WENT_ON;
}
