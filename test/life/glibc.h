// SPDX-License-Identifier: MIT
// The C library's own allocator, by way of its handle: foreign to a preloaded one.
#ifndef LIFE_GLIBC_H
#define LIFE_GLIBC_H

#include "check.h"

struct glibc {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*memalign)(size_t, size_t);
    void (*free)(void *);
    size_t (*usable)(void *);
};

// Skips the test where there is no such library.
static inline struct glibc glibc_open(void)
{
    void *handle = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
    if (!handle)
        check_skip("no libc.so.6 in this process");
    struct glibc c = {
        (void *(*)(size_t))dlsym(handle, "malloc"),
        (void *(*)(size_t, size_t))dlsym(handle, "calloc"),
        (void *(*)(size_t, size_t))dlsym(handle, "memalign"),
        (void (*)(void *))dlsym(handle, "free"),
        (size_t(*)(void *))dlsym(handle, "malloc_usable_size"),
    };
    REQUIRE(c.malloc && c.calloc && c.memalign && c.free && c.usable);
    // Under a preload the two must differ, or the test would test nothing.
    REQUIRE(!check_library() || c.malloc != (void *(*)(size_t))dlsym(RTLD_DEFAULT, "malloc"));
    return c;
}

#endif
