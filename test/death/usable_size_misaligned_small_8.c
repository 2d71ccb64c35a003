// SPDX-License-Identifier: MIT
// malloc_usable_size of a small block, eight bytes off.
#include "crime.h"

int main(void)
{
    char *p = malloc(SMALL_BYTES);
    size_t n_bytes = malloc_usable_size(crime(p + 8));
    return n_bytes == 0;
}
