// SPDX-License-Identifier: MIT
// realloc of an address that was never handed out.
#include "crime.h"

int main(void)
{
    void *q = realloc(crime(unused_address()), 500);
    return q == NULL;
}
