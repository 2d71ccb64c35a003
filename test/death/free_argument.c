// SPDX-License-Identifier: MIT
// free of what the program was called with.
#include "crime.h"

#include <errno.h>

int main(void)
{
    char *argument = program_invocation_name;
    free(crime(argument - (size_t)argument % 16));
    return 0;
}
