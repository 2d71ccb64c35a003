// SPDX-License-Identifier: MIT
// realloc of a small block, eight bytes off.
#include "crime.h"

int main(void)
{
    char *p = malloc(SMALL_BYTES);
    void *q = realloc(crime(p + 8), 500);
    return q == NULL;
}
