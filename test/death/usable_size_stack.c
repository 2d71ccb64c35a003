// SPDX-License-Identifier: MIT
// malloc_usable_size of a local variable of the main thread.
#include "crime.h"

int main(void)
{
    _Alignas(16) char local[256] = {0};
    volatile size_t n_bytes = malloc_usable_size(crime(local + 64));
    (void)n_bytes;
    return 0;
}
