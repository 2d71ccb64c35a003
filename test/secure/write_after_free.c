// SPDX-License-Identifier: MIT
// A byte of a free block is written; its place is handed out some time later.
#include "crime.h"

int main(void)
{
    char *p = crime(malloc(SMALL_BYTES)), *volatile again = p;
    free(p);
    again[100] = 1;
    for (int i = 0; i < 100000; i++) {
        void *volatile other = malloc(SMALL_BYTES);
        free(other);
    }
    return 0;
}
