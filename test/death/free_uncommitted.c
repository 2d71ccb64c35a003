// SPDX-License-Identifier: MIT
// free of an address behind all that is committed of the arena area.
#include "crime.h"

int main(void)
{
    free(crime(uncommitted_address()));
    return 0;
}
