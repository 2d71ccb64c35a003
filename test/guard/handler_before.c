// SPDX-License-Identifier: MIT
// A handler that was there first gets the signal after the report. The library looks at its
// environment, and at the signals, with the first call of malloc, which is before main.
#include "handler.h"

BEFORE_ALL(handler_set);

int main(void)
{
    hit();
    return outcome();
}
