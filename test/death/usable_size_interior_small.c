// SPDX-License-Identifier: MIT
// malloc_usable_size of a pointer into a small block.
#include "crime.h"

int main(void)
{
    char *p = malloc(SMALL_BYTES);
    return malloc_usable_size(crime(p + 16)) == 1;
}
