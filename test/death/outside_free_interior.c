// SPDX-License-Identifier: MIT
// free of a pointer into a small block outside the reservation.
#include "crime.h"

int main(void)
{
    char *p = malloc(SMALL_BYTES);
    free(crime(p + 16));
    return 0;
}
