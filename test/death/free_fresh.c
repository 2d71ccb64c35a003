// SPDX-License-Identifier: MIT
// free of the place of a block to come: found when it reaches the depot.
#include "crime.h"

int main(void)
{
    free(crime(fresh_address()));
    malloc_trim(0);
    return 0;
}
