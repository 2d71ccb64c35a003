// SPDX-License-Identifier: MIT
// malloc_usable_size of a chunk that was used for small blocks, and is free as a whole.
#include "crime.h"

int main(void)
{
    return malloc_usable_size(crime(freed_chunk())) == 1;
}
