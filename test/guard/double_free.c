// SPDX-License-Identifier: MIT
// An object is freed twice.
#include "guarded.h"

int main(void)
{
    void *object = object_at_end(BYTES), *volatile again = object;
    object_free(object);
    free(again);
    return WENT_ON;
}
