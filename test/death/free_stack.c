// SPDX-License-Identifier: MIT
// free of a local variable of the main thread.
#include "crime.h"

int main(void)
{
    _Alignas(16) char local[256] = {0};
    free(crime(local + 64));
    return 0;
}
