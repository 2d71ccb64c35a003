// SPDX-License-Identifier: MIT
// realloc of an address that is nowhere near anything.
#include "crime.h"

int main(void)
{
    void *q = realloc(crime((void *)(uintptr_t)0x1234567890), 500);
    return q == NULL;
}
