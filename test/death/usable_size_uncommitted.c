// SPDX-License-Identifier: MIT
// malloc_usable_size of an address behind all that is committed of the arena area.
#include "crime.h"

int main(void)
{
    return malloc_usable_size(crime(uncommitted_address())) == 1;
}
