// SPDX-License-Identifier: MIT
// A SIGSEGV that is sent to a program that ignored it is ignored; what an access does is not.
#include "guarded.h"

static void ignore(void)
{
    signal(SIGSEGV, SIG_IGN);
}

BEFORE_ALL(ignore);

int main(void)
{
    said(malloc(1));
    kill(getpid(), SIGSEGV);
    volatile char *object = object_at_end(BYTES);
    object[BYTES + 3] = 1;
    return WENT_ON;
}
