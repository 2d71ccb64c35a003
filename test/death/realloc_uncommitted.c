// SPDX-License-Identifier: MIT
// realloc of an address behind all that is committed of the arena area.
#include "crime.h"

int main(void)
{
    void *q = realloc(crime(uncommitted_address()), 500);
    return q == NULL;
}
