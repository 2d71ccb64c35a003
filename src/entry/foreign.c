// SPDX-License-Identifier: MIT
// Pointers that are not ours: allocated before us, by a library that binds its own malloc, or by
// glibc itself. They go to the next allocator behind this library. It is looked up on the first
// such pointer: dlsym may allocate, and finds us ready then.
// Every allocator has its books in front of a block, or looks the address up in some. Where there
// is no memory, nothing can be anybody's, and looking would only fault.
#include "core/report.h"
#include "entry/entry.h"
#include "os/os.h"

void *bp_entry_next_function(bp_atomic_ptr *cell, const char *name)
{
    // pairs with nothing: the word is the address of code, and all that there is to see
    void *function = bp_load_ptr_relaxed(cell);
    if (!function) {
        function = bp_os_next_function(name);
        bp_store_ptr_relaxed(cell, function);
    }
    return function;
}

static void *owner_function(bp_atomic_ptr *cell, const char *name, void *pointer)
{
    void *next = bp_os_is_readable(pointer) ? bp_entry_next_function(cell, name) : NULL;
    if (!next)
        bp_die_invalid(pointer, name);
    return next;
}

void bp_entry_foreign_free(void *pointer)
{
    static bp_atomic_ptr cell;
    void (*next)(void *) = __extension__(void (*)(void *)) owner_function(&cell, "free", pointer);
    next(pointer);
}

void *bp_entry_foreign_realloc(void *pointer, size_t n_bytes)
{
    static bp_atomic_ptr cell;
    void *(*next)(void *, size_t) =
        __extension__(void *(*)(void *, size_t)) owner_function(&cell, "realloc", pointer);
    return next(pointer, n_bytes);
}

size_t bp_entry_foreign_usable_size(void *pointer)
{
    static bp_atomic_ptr cell;
    size_t (*next)(void *) =
        __extension__(size_t(*)(void *)) owner_function(&cell, "malloc_usable_size", pointer);
    return next(pointer);
}
