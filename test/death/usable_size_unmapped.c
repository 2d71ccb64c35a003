// SPDX-License-Identifier: MIT
// malloc_usable_size of an address that is nowhere near anything.
#include "crime.h"

int main(void)
{
    return malloc_usable_size(crime((void *)(uintptr_t)0x1234567890)) == 1;
}
