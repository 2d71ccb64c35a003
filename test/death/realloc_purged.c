// SPDX-License-Identifier: MIT
// realloc of a chunk that was used for small blocks, and is free as a whole.
#include "crime.h"

int main(void)
{
    void *q = realloc(crime(freed_chunk()), 500);
    return q == NULL;
}
