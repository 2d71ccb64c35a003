// SPDX-License-Identifier: MIT
// The first byte behind an object is written in a program that has all its memory locked, and whose
// places were used before and after that.
#include "guarded.h"

#include <string.h>
#include <sys/mman.h>

static void places_use(void)
{
    enum { STEPS = 6000, SIZE_MAX_BYTES = 300000 };
    for (size_t i = 0; i < STEPS; i++) {
        size_t n_bytes = i * 7919 % (i % 8 ? PAGE : SIZE_MAX_BYTES);
        char *object = calloc(1, n_bytes);
        for (size_t at = 0; at < n_bytes; at++) {
            if (object[at])
                exit(NOT_PLACED);
        }
        free(memset(object, 'x', n_bytes));
    }
}

int main(void)
{
    places_use();
    if (mlockall(MCL_CURRENT | MCL_FUTURE))
        return SKIPPED;
    places_use();
    volatile char *object = object_at_end(BYTES);
    object[BYTES] = 1;
    return WENT_ON;
}
