// SPDX-License-Identifier: MIT
// realloc of an address inside a large block.
#include "crime.h"

int main(void)
{
    char *p = malloc(LARGE_BYTES);
    void *q = realloc(crime(p + 4096), 500);
    return q == NULL;
}
