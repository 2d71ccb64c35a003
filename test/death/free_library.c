// SPDX-License-Identifier: MIT
// free of a library's own data.
#include "crime.h"

int main(void)
{
    free(crime((char *)stdout));
    return 0;
}
