// SPDX-License-Identifier: MIT
// malloc_usable_size of an address inside a large block.
#include "crime.h"

int main(void)
{
    char *p = malloc(LARGE_BYTES);
    size_t n_bytes = malloc_usable_size(crime(p + 4096));
    return n_bytes == 0;
}
