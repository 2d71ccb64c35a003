// SPDX-License-Identifier: MIT
// malloc_usable_size of a pointer into a mapping of its own.
#include "crime.h"

int main(void)
{
    volatile size_t n_bytes = malloc_usable_size(crime(direct_block() + 4096));
    (void)n_bytes;
    return 0;
}
