// SPDX-License-Identifier: MIT
// linked.cc in C.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool bump_owns(const void *pointer);

int main(void)
{
    char *block = malloc(1000);
    bool ours = bump_owns(block);
    block = realloc(block, 100000);
    ours &= bump_owns(block);
    free(block);
    block = strdup("a text");
    ours &= bump_owns(block) && strcmp(block, "a text") == 0;
    free(block);
    puts(ours ? "linked" : "not the library's");
    return !ours;
}
