// SPDX-License-Identifier: MIT
// free of a large block, eight bytes off.
#include "crime.h"

int main(void)
{
    char *p = malloc(LARGE_BYTES);
    free(crime(p + 8));
    return 0;
}
