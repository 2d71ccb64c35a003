// SPDX-License-Identifier: MIT
// malloc_usable_size of a pointer into a small block outside the reservation.
#include "crime.h"

int main(void)
{
    char *p = malloc(SMALL_BYTES);
    volatile size_t n_bytes = malloc_usable_size(crime(p + 16));
    (void)n_bytes;
    return 0;
}
