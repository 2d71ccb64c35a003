// SPDX-License-Identifier: MIT
// realloc of a small block, one byte off.
#include "crime.h"

int main(void)
{
    char *p = malloc(SMALL_BYTES);
    void *q = realloc(crime(p + 1), 500);
    return q == NULL;
}
