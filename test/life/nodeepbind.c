// SPDX-License-Identifier: MIT
// With libbumpalloc-nodeepbind.so preloaded too, a library opened with RTLD_DEEPBIND has the
// program's malloc, so either frees what the other has allocated. Without both it is the C
// library's, the same. Usage: nodeepbind LIBRARY NAME, which LIBRARY is to open: it stands beside
// it, and in no other path.
#include "across.h"
#include "check.h"
#include "opener.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

static const struct across *deep;

static void open_by_runpath(const char *library, const char *name)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    REQUIRE(handle != NULL);
    CHECK(dlopen(name, RTLD_NOW) == NULL); // not by the program's own path
    void *opens = dlsym(handle, "open_deep");
    REQUIRE(opens != NULL);
    void *inner = (__extension__(__typeof__(open_deep) *) opens)(name);
    if (!inner)
        check_print("%s", dlerror());
    REQUIRE(inner != NULL);
    deep = dlsym(inner, "across_table");
    REQUIRE(deep != NULL);
}

static void free_both_ways(size_t size)
{
    free(deep->malloc(size));
    deep->free(malloc(size));
    deep->free(deep->realloc(malloc(size), size + 100));
    free(realloc(deep->calloc(1, size), size + 100));
    deep->free(aligned_alloc(64, size / 64 * 64 + 64));
}

int main(int argc, char **argv)
{
    check_begin();
    REQUIRE(argc == 3);
    open_by_runpath(argv[1], argv[2]);
    CHECK_PTR(deep->malloc_address(), (void *)(uintptr_t)malloc);
    for (size_t size = 1; size < 10 << 20; size *= 3)
        free_both_ways(size);
    return check_end();
}
