// SPDX-License-Identifier: MIT
// A table that is larger than the memory that the process may have: it lies in a file, and the
// system keeps of it in memory what is in use. argv[1] is a folder on a disk, argv[2] the table's
// size in MiB; without a limit from outside the process gives itself one of a quarter of that.
#include <bumpalloc/bumpalloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

struct row {
    uint64_t key, sum;
    char text[48];
};

static void limit_memory(size_t n_bytes)
{
    struct rlimit limit;
    getrlimit(RLIMIT_DATA, &limit);
    limit.rlim_cur = n_bytes;
    setrlimit(RLIMIT_DATA, &limit);
}

static int fill(struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        rows[i] = (struct row){.key = i, .sum = i * 3};
    for (size_t i = 0; i < count; i += 1009)
        rows[i].sum += rows[(i * 7) % count].key;
    for (size_t i = 0; i < count; i += 1009) {
        if (rows[i].key != i || rows[i].sum != i * 3 + (i * 7) % count)
            return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : ".";
    size_t n_bytes = (argc > 2 ? strtoul(argv[2], NULL, 10) : 256) << 20;
    struct bump_region memory = {0}, table = {0};
    limit_memory(n_bytes / 4);
    int code = bump_region_create(&memory, n_bytes, BUMP_PROT_READ_WRITE, 0);
    if (!code)
        code = bump_region_resize(&memory, n_bytes);
    printf("%zu MiB in memory: %s\n", n_bytes >> 20, bump_strerror(code));
    bump_region_destroy(&memory);
    if (!code)
        return 1; // there is no limit
    code = bump_region_open(&table, folder, n_bytes, BUMP_PROT_READ_WRITE, BUMP_REGION_TEMPORARY);
    if (!code)
        code = bump_region_resize(&table, n_bytes);
    printf("%zu MiB in a file in %s: %s\n", n_bytes >> 20, folder, bump_strerror(code));
    if (code)
        return 1;
    int wrong = fill(bump_region_base(&table), n_bytes / sizeof(struct row));
    printf("rows are %s\n", wrong ? "wrong" : "as written");
    return bump_region_destroy(&table) || wrong ? 1 : 0;
}
