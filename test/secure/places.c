// SPDX-License-Identifier: MIT
// Prints the address of its first small block, and then the process's map.
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    void *first = malloc(16);
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    if (!maps || !first)
        return 1;
    printf("%zx\n", (size_t)first);
    while (fgets(line, sizeof(line), maps))
        fputs(line, stdout);
    return fclose(maps);
}
