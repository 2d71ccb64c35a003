// SPDX-License-Identifier: MIT
// free of a chunk that was used for small blocks, and is free as a whole.
#include "crime.h"

int main(void)
{
    free(crime(freed_chunk()));
    return 0;
}
