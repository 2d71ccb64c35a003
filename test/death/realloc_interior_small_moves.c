// SPDX-License-Identifier: MIT
// realloc of a pointer into a small block, as aligned as any: to another class.
#include "crime.h"

int main(void)
{
    char *p = malloc(SMALL_BYTES);
    free(malloc(5 * SMALL_BYTES)); // where it could go at once
    void *q = realloc(crime(p + 16), 5 * SMALL_BYTES);
    return q == NULL;
}
