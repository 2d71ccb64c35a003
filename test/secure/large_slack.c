// SPDX-License-Identifier: MIT
// A zero byte behind a large block, on its last page.
#include "crime.h"

int main(void)
{
    char *p = crime(malloc(200001));
    p[200001] = 0;
    free(p);
    return 0;
}
