// SPDX-License-Identifier: MIT
// realloc of the program's own data.
#include "crime.h"

_Alignas(16) static char data[256];

int main(void)
{
    void *volatile resized = realloc(crime(data + 64), 10);
    (void)resized;
    return 0;
}
