// SPDX-License-Identifier: MIT
// free of an address that was never handed out.
#include "crime.h"

int main(void)
{
    free(crime(unused_address()));
    return 0;
}
