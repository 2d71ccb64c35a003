// SPDX-License-Identifier: MIT
// No crime: allocates and frees, then tells how much address space the process has.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Prints the line of /proc/self/status that says so.
static int print_address_space(void)
{
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, "VmSize:", 7) == 0)
            return fputs(line, stdout) >= 0 && fclose(status) == 0;
    return 0;
}

int main(void)
{
    for (size_t n_bytes = 1; n_bytes < 10000000; n_bytes *= 3) {
        char *p = calloc(1, n_bytes);
        p = p ? realloc(p, 2 * n_bytes) : NULL;
        if (!p || p[n_bytes - 1])
            return 1;
        memset(p, 1, 2 * n_bytes);
        free(p);
    }
    return print_address_space() ? 0 : 2;
}
