// SPDX-License-Identifier: MIT
// realloc of the library's own books.
#include "crime.h"

int main(void)
{
    void *q = realloc(crime(metadata_address()), 500);
    return q == NULL;
}
