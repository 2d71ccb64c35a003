// SPDX-License-Identifier: MIT
// realloc of a place outside the reservation that was never handed out.
#include "crime.h"

int main(void)
{
    char *p = malloc(CLASS_BYTES);
    void *volatile resized = realloc(crime(p + (size_t)20 * CLASS_BYTES), 10 * SMALL_BYTES);
    (void)resized;
    return 0;
}
