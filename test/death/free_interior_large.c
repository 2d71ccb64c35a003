// SPDX-License-Identifier: MIT
// free of an address inside a large block.
#include "crime.h"

int main(void)
{
    char *p = malloc(LARGE_BYTES);
    free(crime(p + 4096));
    return 0;
}
