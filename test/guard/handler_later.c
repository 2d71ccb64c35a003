// SPDX-License-Identifier: MIT
// The program's handler replaces the library's: no report, and it works as without the library.
#include "handler.h"

int main(void)
{
    free(malloc(1));
    handler_set();
    hit();
    return outcome();
}
