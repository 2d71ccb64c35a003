// SPDX-License-Identifier: MIT
// A library opened with RTLD_DEEPBIND calls the C library's malloc in spite of the preload. What
// it allocates, the program frees, resizes and measures with ours.
// Usage: deepbind LIBRARY
#include "across.h"
#include "glibc.h"
#include "life.h"

#include <malloc.h>

static const struct across *deep;

static void open_deep(const char *path)
{
    struct glibc c = glibc_open();
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    if (!handle)
        check_print("%s", dlerror());
    REQUIRE(handle != NULL);
    deep = dlsym(handle, "across_table");
    REQUIRE(deep != NULL);
    CHECK_PTR(deep->malloc_address(), (void *)c.malloc);
}

static void fill_and_check(void *p, size_t size, uint64_t seed)
{
    struct life_block b = {p, size, seed};
    REQUIRE(p != NULL);
    CHECK_FMT(malloc_usable_size(p) >= size, "%zu", size);
    life_fill(&b);
    b.start = realloc(p, size + size / 2 + 1);
    REQUIRE(b.start != NULL);
    life_free(&b);
}

static void free_theirs(void)
{
    for (size_t i = 0; i < LIFE_SIZE_COUNT; i++) {
        size_t size = life_sizes[i];
        free(deep->malloc(size));
        free(deep->calloc(1, size));
        free(deep->memalign(4096, size));
        fill_and_check(deep->malloc(size), size, i);
        fill_and_check(deep->realloc(deep->malloc(1), size), size, i);
    }
    char *text = deep->copy_text("from the deep");
    CHECK_STR(text, "from the deep");
    free(text);
}

int main(int argc, char **argv)
{
    check_begin();
    REQUIRE(argc == 2);
    life_watchdog(30);
    open_deep(argv[1]);
    for (int i = 0; i < 20; i++) {
        free_theirs();
        life_workload((uint64_t)i, 2);
    }
    return check_end();
}
