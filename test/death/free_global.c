// SPDX-License-Identifier: MIT
// free of the program's own data.
#include "crime.h"

_Alignas(16) static char data[256];

int main(void)
{
    free(crime(data + 64));
    return 0;
}
