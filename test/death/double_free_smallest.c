// SPDX-License-Identifier: MIT
// The same with the smallest class, where a magazine holds thousands, at once after the first free.
#include "crime.h"

int main(void)
{
    many_take(1);
    void *p = crime(malloc(1)), *volatile again = p;
    free(p);
    free(again);
    many_return(1);
    return 0;
}
