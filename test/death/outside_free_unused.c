// SPDX-License-Identifier: MIT
// free of a place outside the reservation that was never handed out.
#include "crime.h"

int main(void)
{
    char *p = malloc(CLASS_BYTES);
    free(crime(p + (size_t)20 * CLASS_BYTES));
    return 0;
}
