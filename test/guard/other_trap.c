// SPDX-License-Identifier: MIT
// A trap that is none of ours ends the process as ever.
#include "guarded.h"

int main(void)
{
    volatile char *volatile nothing = said((void *)8);
    *nothing = 1;
    return WENT_ON;
}
