// SPDX-License-Identifier: MIT
// A program that says its own options, and is linked with the library: dynamically or statically.
#include <stdlib.h>

const char *bumpalloc_conf = "purge_floor=5M, verbose=1";

int main(int argc, char **argv)
{
    void *volatile object = malloc((size_t)argc * 100);
    (void)argv;
    free(object);
    return 0;
}
