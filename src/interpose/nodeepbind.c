// SPDX-License-Identifier: MIT
// libbumpalloc-nodeepbind.so, preloaded beside the library: dlopen without RTLD_DEEPBIND. A library
// opened with it calls the C library's malloc and free past every preload, and aborts as soon as it
// frees what the program allocated (PHP's modules do). Not a part of libbumpalloc.so: who asks for
// DEEPBIND may need it, because two libraries have functions of one name.
#define _GNU_SOURCE
#include "base/atomics.h"
#include "base/attr.h"

#include <dlfcn.h>

typedef void *opener(const char *path, int flags);

// The last line is a jump (this file is always optimised): the C library looks where it returns to,
// because RUNPATH and namespace are the caller's.
BP_EXPORT void *dlopen(const char *path, int flags)
{
    static bp_atomic_ptr cell;
    // pairs with nothing: the word is the address of code, and all that there is to see
    void *next = bp_load_ptr_relaxed(&cell);
    if (!next) {
        next = dlsym(RTLD_NEXT, "dlopen");
        bp_store_ptr_relaxed(&cell, next);
    }
    return (__extension__(opener *) next)(path, flags & ~RTLD_DEEPBIND);
}
