// SPDX-License-Identifier: MIT
// A large block freed twice, by free_aligned_sized.
#include "crime.h"

int main(void)
{
    void *p = crime(aligned_alloc(64, LARGE_BYTES)), *volatile again = p;
    free_aligned_sized(p, 64, LARGE_BYTES);
    free_aligned_sized(again, 64, LARGE_BYTES);
    return 0;
}
