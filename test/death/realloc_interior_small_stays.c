// SPDX-License-Identifier: MIT
// realloc of a pointer into a small block, as aligned as any: to a size that it holds.
#include "crime.h"

int main(void)
{
    char *p = malloc(SMALL_BYTES);
    void *q = realloc(crime(p + 16), SMALL_BYTES);
    return q == NULL;
}
