// SPDX-License-Identifier: MIT
// A zero byte behind 20: a string without room for its end.
#include "crime.h"

int main(void)
{
    char *p = crime(malloc(20));
    p[20] = 0;
    free(p);
    return 0;
}
