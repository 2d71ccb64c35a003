// SPDX-License-Identifier: MIT
// free of a small block, eight bytes off.
#include "crime.h"

int main(void)
{
    char *p = malloc(SMALL_BYTES);
    free(crime(p + 8));
    return 0;
}
