// SPDX-License-Identifier: MIT
// reallocarray is made of realloc, whoever has that name: programs and libraries before us that
// bring a malloc often know nothing of reallocarray (libc_malloc_debug.so.0), and free what it
// returns. In a file of its own, because where realloc is defined a compiler would not look it up.
#include "entry/entry.h"

#include <stdlib.h>

void *reallocarray(void *pointer, size_t count, size_t n_bytes);

BP_EXPORT void *reallocarray(void *pointer, size_t count, size_t n_bytes)
{
    size_t total;
    if (__builtin_mul_overflow(count, n_bytes, &total))
        return bp_entry_reallocarray(pointer, count, n_bytes); // says why not
    return realloc(pointer, total);
}

#if BP_ARCHIVE && defined(__GLIBC__)
__typeof__(reallocarray) __libc_reallocarray __attribute__((alias("reallocarray")));
#endif
