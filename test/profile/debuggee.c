// SPDX-License-Identifier: MIT
// For the debugger's test: allocates, frees, and stops. Globals say what is what.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 2000 };

char *in_use[COUNT], *freed[COUNT], *large, *large_freed, *inside, *foreign;
static char not_ours[64];

__attribute__((noinline)) static void stop_here(void)
{
    raise(SIGABRT);
}

int main(void)
{
    for (int i = 0; i < COUNT; i++) {
        in_use[i] = malloc(112);
        freed[i] = malloc(112);
        memset(in_use[i], 1, 112);
        memset(freed[i], 2, 112);
    }
    for (int i = 0; i < COUNT; i++)
        free(freed[i]);
    large = malloc(300000);
    large_freed = malloc(3 << 20);
    memset(large, 3, 300000);
    memset(large_freed, 4, 3 << 20);
    free(large_freed);
    inside = in_use[7] + 40;
    foreign = not_ours;
    stop_here();
    return 0;
}
