// SPDX-License-Identifier: MIT
// A program with a malloc of its own, as browsers have: a preloaded one is never called.
#include <stddef.h>

static char memory[1 << 16];
static size_t used;

void *malloc(size_t n_bytes)
{
    used += (n_bytes + 15) / 16 * 16;
    return used <= sizeof memory ? memory + used - (n_bytes + 15) / 16 * 16 : NULL;
}

void free(void *pointer)
{
    (void)pointer;
}

int main(void)
{
    return 0;
}
