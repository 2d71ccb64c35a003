// SPDX-License-Identifier: MIT
// A SIGSEGV that somebody sends ends the process as ever.
#include "guarded.h"

int main(void)
{
    said(malloc(1));
    kill(getpid(), SIGSEGV);
    pause();
    return WENT_ON;
}
