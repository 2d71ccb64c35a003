// SPDX-License-Identifier: MIT
// reallocarray of a pointer into a small block.
#include "crime.h"

int main(void)
{
    char *p = malloc(SMALL_BYTES);
    void *volatile resized = reallocarray(crime(p + 16), 10, SMALL_BYTES);
    (void)resized;
    return 0;
}
