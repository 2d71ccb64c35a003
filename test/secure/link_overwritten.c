// SPDX-License-Identifier: MIT
// The link of a free block is made to point to a block in use, as one who wants malloc to return it
// would.
#include "crime.h"

int main(void)
{
    many_take(SMALL_BYTES);
    void *target = crime(malloc(SMALL_BYTES));
    for (int i = 0; i < MANY; i++)
        free(many[i]);
    for (int i = 0; i < MANY; i++) {
        void **chained = many[i];
        if (*chained)
            *chained = target;
    }
    many_take(SMALL_BYTES);
    return 0;
}
