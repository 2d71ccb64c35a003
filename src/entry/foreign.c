// SPDX-License-Identifier: MIT
// Pointers that are not ours: allocated before us, by a library that binds its own malloc, or by
// glibc itself. They go to the next allocator behind this library. It is looked up on the first
// such pointer: dlsym may allocate, and finds us ready then.
// Every allocator has its books in front of a block, or looks the address up in some. Where there
// is no memory, nothing can be anybody's, and looking would only fault. Of glibc more is known: its
// blocks are aligned, have a head, and are neither the program's own memory nor its stack.
#include "core/report.h"
#include "entry/below.h"
#include "entry/entry.h"
#include "os/os.h"

enum { GLIBC_ALIGN = 16, GLIBC_HEAD_BYTES = 16 };

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

static bool is_glibcs(const void *function)
{
    static bp_atomic_ptr cell;
    struct bp_os_module libc, module;
    const void *version = bp_entry_next_function(&cell, "gnu_get_libc_version");
    return version && bp_os_module_at(version, &libc) && bp_os_module_at(function, &module) &&
           libc.begin == module.begin;
}

static bool has_head(const char *pointer)
{
    return (size_t)pointer % bp_os_page_bytes() || bp_os_is_readable(pointer - GLIBC_HEAD_BYTES);
}

// It can be read.
static bool may_be_glibcs(const char *pointer)
{
    return (size_t)pointer % GLIBC_ALIGN == 0 && has_head(pointer) && !bp_os_is_program(pointer);
}

// NULL: nobody's.
static void *owner_function(bp_atomic_ptr *cell, const char *name, void *pointer)
{
    void *next = bp_os_is_readable(pointer) ? bp_entry_next_function(cell, name) : NULL;
    return next && is_glibcs(next) && !may_be_glibcs(pointer) ? NULL : next;
}

static void *owner_expected(bp_atomic_ptr *cell, const char *name, void *pointer)
{
    void *next = owner_function(cell, name, pointer);
    if (!next)
        bp_die_invalid(pointer, name);
    return next;
}

void bp_entry_foreign_free(void *pointer)
{
    static bp_atomic_ptr cell;
    void (*next)(void *) = __extension__(void (*)(void *)) owner_function(&cell, "free", pointer);
    size_t freed_bytes = next ? 0 : bp_below_class_bytes(pointer);
    if (freed_bytes)
        bp_die_double_free(pointer, freed_bytes);
    if (!next)
        bp_die_invalid(pointer, "free");
    next(pointer);
}

void *bp_entry_foreign_realloc(void *pointer, size_t n_bytes)
{
    static bp_atomic_ptr cell;
    void *(*next)(void *, size_t) =
        __extension__(void *(*)(void *, size_t)) owner_expected(&cell, "realloc", pointer);
    return next(pointer, n_bytes);
}

size_t bp_entry_foreign_usable_size(void *pointer)
{
    static bp_atomic_ptr cell;
    size_t (*next)(void *) =
        __extension__(size_t(*)(void *)) owner_expected(&cell, "malloc_usable_size", pointer);
    return next(pointer);
}
