// SPDX-License-Identifier: MIT
// The byte behind a large block that fills its pages.
#include "crime.h"

int main(void)
{
    char *p = crime(malloc(256 * 1024));
    p[256 * 1024] = 1;
    return 0;
}
