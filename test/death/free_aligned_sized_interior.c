// SPDX-License-Identifier: MIT
// free_aligned_sized of a pointer into a large block.
#include "crime.h"

int main(void)
{
    char *p = aligned_alloc(64, LARGE_BYTES);
    free_aligned_sized(crime(p + 64), 64, LARGE_BYTES);
    return 0;
}
