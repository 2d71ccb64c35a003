// SPDX-License-Identifier: MIT
// realloc of a large block, eight bytes off.
#include "crime.h"

int main(void)
{
    char *p = malloc(LARGE_BYTES);
    void *q = realloc(crime(p + 8), 500);
    return q == NULL;
}
