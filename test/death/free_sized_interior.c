// SPDX-License-Identifier: MIT
// free_sized of a pointer into a large block.
#include "crime.h"

int main(void)
{
    char *p = malloc(LARGE_BYTES);
    free_sized(crime(p + 64), LARGE_BYTES);
    return 0;
}
