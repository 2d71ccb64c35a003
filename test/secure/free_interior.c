// SPDX-License-Identifier: MIT
// A pointer into a small block, 16 off.
#include "crime.h"

int main(void)
{
    char *p = malloc(SMALL_BYTES);
    free(crime(p + 16));
    return 0;
}
