// SPDX-License-Identifier: MIT
// free of the library's own books.
#include "crime.h"

int main(void)
{
    free(crime(metadata_address()));
    return 0;
}
