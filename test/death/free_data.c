// SPDX-License-Identifier: MIT
// free of data that is not zero: what stands before it looks like the head of a block.
#include "crime.h"

_Alignas(16) static size_t data[32] = {1, 1, 1, 1, 1, 1, 1, 64 | 1, 1};

int main(void)
{
    free(crime(data + 8));
    return 0;
}
