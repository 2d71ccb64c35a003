// SPDX-License-Identifier: MIT
// free of an address that is nowhere near anything.
#include "crime.h"

int main(void)
{
    free(crime((void *)(uintptr_t)0x1234567890));
    return 0;
}
