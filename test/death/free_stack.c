// SPDX-License-Identifier: MIT
// free of a local variable: no allocator's, so the one behind us gets it and says so.
#include "crime.h"

int main(void)
{
    _Alignas(16) char local[256] = {0};
    free(crime(local + 64));
    return 0;
}
