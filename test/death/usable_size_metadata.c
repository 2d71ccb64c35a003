// SPDX-License-Identifier: MIT
// malloc_usable_size of the library's own books.
#include "crime.h"

int main(void)
{
    size_t n_bytes = malloc_usable_size(crime(metadata_address()));
    return n_bytes == 0;
}
