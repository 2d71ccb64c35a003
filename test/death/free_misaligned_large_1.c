// SPDX-License-Identifier: MIT
// free of a large block, one byte off.
#include "crime.h"

int main(void)
{
    char *p = malloc(LARGE_BYTES);
    free(crime(p + 1));
    return 0;
}
