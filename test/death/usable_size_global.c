// SPDX-License-Identifier: MIT
// malloc_usable_size of the program's own data.
#include "crime.h"

_Alignas(16) static char data[256];

int main(void)
{
    volatile size_t n_bytes = malloc_usable_size(crime(data + 64));
    (void)n_bytes;
    return 0;
}
