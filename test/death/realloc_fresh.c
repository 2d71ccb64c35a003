// SPDX-License-Identifier: MIT
// realloc of the place of a block to come.
#include "crime.h"

int main(void)
{
    void *q = realloc(crime(fresh_address()), SMALL_BYTES);
    return q == NULL;
}
