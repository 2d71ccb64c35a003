// SPDX-License-Identifier: MIT
// malloc_usable_size of a place outside the reservation that was never handed out.
#include "crime.h"

int main(void)
{
    char *p = malloc(CLASS_BYTES);
    volatile size_t n_bytes = malloc_usable_size(crime(p + (size_t)20 * CLASS_BYTES));
    (void)n_bytes;
    return 0;
}
