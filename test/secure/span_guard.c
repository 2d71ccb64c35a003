// SPDX-License-Identifier: MIT
// The last byte of the chunk that a small block lies in.
#include "crime.h"

int main(void)
{
    char *p = malloc(SMALL_BYTES);
    *(char *)crime((void *)((uintptr_t)p | 0xffff)) = 1;
    return 0;
}
