// SPDX-License-Identifier: MIT
// Runs files, or all files of folders, through the target: replay PATH...
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 1 << 16, PATH_TEXT = 1024 };

static unsigned n_files;

static void run_file(const char *path)
{
    static uint8_t data[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    if (!file)
        fuzz_fail("cannot open %s", path);
    size_t n_bytes = fread(data, 1, sizeof data, file);
    fclose(file);
    // A copy of its own size, so that reading beyond its end shows.
    uint8_t *input = malloc(n_bytes ? n_bytes : 1);
    if (!input)
        fuzz_fail("no memory for %s", path);
    memcpy(input, data, n_bytes);
    LLVMFuzzerTestOneInput(input, n_bytes);
    free(input);
    n_files++;
}

static void run_path(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder) {
        run_file(path);
        return;
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
        char name[PATH_TEXT];
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.')
            run_file(name);
    }
    closedir(folder);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        run_path(argv[i]);
    if (!n_files)
        fuzz_fail("no input");
    printf("%u inputs\n", n_files);
    return 0;
}
