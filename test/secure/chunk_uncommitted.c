// SPDX-License-Identifier: MIT
// A read a little behind the last span: the chunks there are free, and were never used.
#include "crime.h"

enum { BLOCKS = 500, CHUNK_BYTES = 65536, FETCHED_AHEAD = 2 };

int main(void)
{
    uintptr_t last = 0;
    for (int i = 0; i < BLOCKS; i++) {
        uintptr_t block = (uintptr_t)malloc(1000);
        last = block > last ? block : last;
    }
    last -= last % CHUNK_BYTES;
    volatile char *p = crime((void *)(last + (1 + FETCHED_AHEAD) * CHUNK_BYTES));
    return *p;
}
