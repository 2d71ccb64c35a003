// SPDX-License-Identifier: MIT
// A SIGBUS that the program raises ends it as ever.
#include "guarded.h"

int main(void)
{
    said(malloc(1));
    raise(SIGBUS);
    return WENT_ON;
}
