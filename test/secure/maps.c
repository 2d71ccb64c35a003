// SPDX-License-Identifier: MIT
// Prints the process's map, after malloc has run.
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    if (!maps)
        return 1;
    while (fgets(line, sizeof(line), maps))
        fputs(line, stdout);
    return fclose(maps);
}
