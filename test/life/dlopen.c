// SPDX-License-Identifier: MIT
// A library that comes and goes: its memory outlives it, and passes both ways across the border.
// Usage: dlopen LIBRARY
#include "across.h"
#include "noise.h"

enum { TIMES = 40 };

static void *open_library(const char *path, const struct across **ret_table)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        check_print("%s", dlerror());
    REQUIRE(handle != NULL);
    *ret_table = dlsym(handle, "across_table");
    REQUIRE(*ret_table != NULL);
    return handle;
}

// Theirs: allocated inside, freed outside when the library is gone. Ours: the reverse.
static void cross_border(const char *path)
{
    struct life_block theirs[LIFE_SIZE_COUNT], ours[LIFE_SIZE_COUNT];
    const struct across *across;
    for (size_t i = 0; i < LIFE_SIZE_COUNT; i++)
        life_alloc(&ours[i], life_sizes[i], i);
    void *handle = open_library(path, &across);
    CHECK_PTR(across->malloc_address(), (void *)malloc);
    for (size_t i = 0; i < LIFE_SIZE_COUNT; i++) {
        theirs[i] = (struct life_block){across->malloc(life_sizes[i]), life_sizes[i], i + 1};
        REQUIRE(theirs[i].start != NULL);
        life_fill(&theirs[i]);
        life_intact(&ours[i]);
        across->free(across->realloc(ours[i].start, 2 * life_sizes[i]));
    }
    char *text = across->copy_text("a text");
    CHECK_EQ(dlclose(handle), 0);
    for (size_t i = 0; i < LIFE_SIZE_COUNT; i++)
        life_free(&theirs[i]);
    CHECK_STR(text, "a text");
    free(text);
}

int main(int argc, char **argv)
{
    check_begin();
    REQUIRE(argc == 2);
    life_watchdog(60);
    cross_border(argv[1]);
    noise_start(2);
    for (int i = 0; i < TIMES; i++)
        cross_border(argv[1]);
    noise_stop();
    return check_end();
}
