// SPDX-License-Identifier: MIT
// malloc_usable_size of the place of a block to come.
#include "crime.h"

int main(void)
{
    size_t n_bytes = malloc_usable_size(crime(fresh_address()));
    return n_bytes == 0;
}
