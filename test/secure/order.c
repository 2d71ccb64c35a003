// SPDX-License-Identifier: MIT
// Two lines: in which order fresh blocks lie, as distances from the lowest; and in which order
// freed ones come back, as the numbers by which they were freed. order.py judges them.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// FRESH: as many as are drawn from at a time. REUSED: as many as are there to be drawn, at least.
enum { FRESH = 64, FREED = 512, REUSED = 32, BLOCK_BYTES = 200 };

static int order_of(const uintptr_t *blocks, int count, uintptr_t block)
{
    int i = 0;
    while (i < count && blocks[i] != block)
        i++;
    return i;
}

static void take(uintptr_t *blocks, int count)
{
    for (int i = 0; i < count; i++)
        blocks[i] = (uintptr_t)malloc(BLOCK_BYTES);
}

int main(void)
{
    static uintptr_t fresh[FRESH], freed[FREED], reused[REUSED];
    take(fresh, FRESH);
    take(freed, FREED);
    for (int i = 0; i < FREED; i++)
        free((void *)freed[i]);
    take(reused, REUSED);
    uintptr_t lowest = fresh[0];
    for (int i = 1; i < FRESH; i++)
        lowest = fresh[i] < lowest ? fresh[i] : lowest;
    for (int i = 0; i < FRESH; i++)
        printf("%zu ", (size_t)(fresh[i] - lowest));
    puts("");
    for (int i = 0; i < REUSED; i++)
        printf("%d ", order_of(freed, FREED, reused[i]));
    return puts("") < 0;
}
