// SPDX-License-Identifier: MIT
// malloc_usable_size of an address that was never handed out.
#include "crime.h"

int main(void)
{
    size_t n_bytes = malloc_usable_size(crime(unused_address()));
    return n_bytes == 0;
}
