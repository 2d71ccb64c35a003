// SPDX-License-Identifier: MIT
// Does a little of everything, then writes the statistics in the format that the argument names.
#include "bumpalloc/large.h"
#include "bumpalloc/stats.h"

#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    static void *objects[100];
    void *file = NULL, *large = NULL;
    for (int i = 0; i < 100; i++)
        objects[i] = malloc(3000);
    if (argc < 2 || bump_large_alloc((size_t)3 << 20, BUMP_LARGE_FILE, &file) ||
        bump_large_alloc((size_t)3 << 20, 0, &large))
        return 2;
    enum bump_stats_format format = strcmp(argv[1], "json") == 0   ? BUMP_STATS_JSON
                                    : strcmp(argv[1], "prom") == 0 ? BUMP_STATS_PROMETHEUS
                                    : strcmp(argv[1], "xml") == 0  ? BUMP_STATS_XML
                                                                   : BUMP_STATS_TEXT;
    int code = bump_stats_write(1, format);
    for (int i = 0; i < 100; i++)
        free(objects[i]);
    bump_large_free(file);
    bump_large_free(large);
    return code ? 1 : 0;
}
