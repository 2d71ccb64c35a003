// SPDX-License-Identifier: MIT
// free of a small block, one byte off.
#include "crime.h"

int main(void)
{
    char *p = malloc(SMALL_BYTES);
    free(crime(p + 1));
    return 0;
}
