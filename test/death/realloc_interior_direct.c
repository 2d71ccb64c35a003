// SPDX-License-Identifier: MIT
// realloc of a pointer into a mapping of its own.
#include "crime.h"

int main(void)
{
    void *volatile resized = realloc(crime(direct_block() + LARGE_BYTES / 2), SMALL_BYTES);
    (void)resized;
    return 0;
}
