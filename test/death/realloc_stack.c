// SPDX-License-Identifier: MIT
// realloc of a local variable of the main thread.
#include "crime.h"

int main(void)
{
    _Alignas(16) char local[256] = {0};
    void *volatile resized = realloc(crime(local + 64), 10);
    (void)resized;
    return 0;
}
