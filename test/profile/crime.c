// SPDX-License-Identifier: MIT
// Writes one byte behind an object, and loses another object: for memcheck to find.
#include <stdlib.h>
#include <string.h>

static char *volatile lost;

int main(void)
{
    char *volatile object = malloc(100);
    memset(object, 1, 100);
    object[100] = 1;
    free(object);
    lost = malloc(77);
    memset(lost, 1, 77);
    lost = NULL;
    return 0;
}
