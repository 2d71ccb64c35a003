// SPDX-License-Identifier: MIT
// free of a function.
#include "crime.h"

int main(void)
{
    static void *(*const function)(void *) = crime;
    free(crime((void *)((size_t)function & ~(size_t)15)));
    return 0;
}
