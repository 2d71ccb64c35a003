// SPDX-License-Identifier: MIT
// realloc of a pointer into a small block outside the reservation.
#include "crime.h"

int main(void)
{
    char *p = malloc(SMALL_BYTES);
    void *volatile resized = realloc(crime(p + 16), 10 * SMALL_BYTES);
    (void)resized;
    return 0;
}
