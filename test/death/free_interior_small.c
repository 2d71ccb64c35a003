// SPDX-License-Identifier: MIT
// free of a pointer into a small block, as aligned as any: found when it reaches the depot.
#include "crime.h"

int main(void)
{
    many_take(SMALL_BYTES);
    char *p = malloc(SMALL_BYTES);
    free(crime(p + 16));
    many_return(SMALL_BYTES);
    return 0;
}
