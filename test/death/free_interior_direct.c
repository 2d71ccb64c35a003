// SPDX-License-Identifier: MIT
// free of a pointer into a mapping of its own.
#include "crime.h"

int main(void)
{
    free(crime(direct_block() + 16));
    return 0;
}
