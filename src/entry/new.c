// SPDX-License-Identifier: MIT
// operator new when memory is short: call the new_handler and try again, for as long as there is
// one; then throw std::bad_alloc. The C++ runtime is looked for weakly: C programs have none.
// Compiled with -fexceptions, because the handler may throw through here.
#include "core/report.h"
#include "entry/below.h"
#include "entry/entry.h"
#include "os/os.h"

#include <errno.h>

typedef void (*new_handler)(void);
#define get_new_handler _ZSt15get_new_handlerv
#define throw_bad_alloc _ZSt17__throw_bad_allocv
BP_WEAK new_handler get_new_handler(void);
BP_WEAK BP_NORETURN void throw_bad_alloc(void);

// A C program's plugin may have brought the runtime after we were bound.
static new_handler handler_now(void)
{
    typedef new_handler getter(void);
    if (get_new_handler)
        return get_new_handler();
    void *found = bp_os_cxx_function("_ZSt15get_new_handlerv");
    return found ? (__extension__(getter *) found)() : NULL;
}

// Calls the handler; false if there is none.
static bool new_handler_ran(void)
{
    new_handler handler = handler_now();
    if (handler)
        handler();
    return handler != NULL;
}

static void *new_loop(size_t n_bytes, size_t align)
{
    void *object;
    bp_entry_enter();
    do {
        object = bp_below_alloc(n_bytes, align, false);
    } while (!object && new_handler_ran());
    if (!object)
        errno = ENOMEM;
    return object;
}

static void die_without_exceptions(void)
{
    struct bp_line line = {.length = 0};
    bp_line_text(&line, "bumpalloc: out of memory in operator new, and no C++ runtime to throw");
    bp_line_send(&line);
    bp_os_abort();
}

void *bp_entry_new_aligned(size_t n_bytes, size_t align)
{
    void *object = new_loop(n_bytes, align);
    if (object)
        return object;
    if (throw_bad_alloc)
        throw_bad_alloc();
    void *found = bp_os_cxx_function("_ZSt17__throw_bad_allocv");
    if (found)
        (__extension__(void (*)(void)) found)();
    die_without_exceptions();
    return NULL;
}

void *bp_entry_new_slow(size_t n_bytes)
{
    return bp_entry_new_aligned(n_bytes, BP_OBJECT_ALIGN);
}

// A handler may throw, and this operator must not: only the C++ runtime's own form can catch. It
// calls our throwing form and so the handler.
static void *runtime_new(size_t n_bytes, size_t align, const void *tag)
{
    typedef void *plain_form(size_t, const void *);
    typedef void *aligned_form(size_t, size_t, const void *);
    if (align == BP_OBJECT_ALIGN) {
        void *plain = bp_os_next_function("_ZnwmRKSt9nothrow_t");
        return plain ? (__extension__(plain_form *) plain)(n_bytes, tag) : new_loop(n_bytes, align);
    }
    void *aligned = bp_os_next_function("_ZnwmSt11align_val_tRKSt9nothrow_t");
    return aligned ? (__extension__(aligned_form *) aligned)(n_bytes, align, tag)
                   : new_loop(n_bytes, align);
}

void *bp_entry_new_nothrow(size_t n_bytes, size_t align, const void *tag)
{
    bp_entry_enter();
    void *object = bp_below_alloc(n_bytes, align, false);
    return object ? object : runtime_new(n_bytes, align, tag);
}

void *bp_entry_new_caught(void *(*form)(size_t), bool is_array, size_t n_bytes, const void *tag)
{
    static const char *const names[2] = {"_ZnwmRKSt9nothrow_t", "_ZnamRKSt9nothrow_t"};
    static bp_atomic_ptr cells[2];
    void *found = bp_entry_next_function(&cells[is_array], names[is_array]);
    return found ? (__extension__(void *(*)(size_t, const void *)) found)(n_bytes, tag)
                 : form(n_bytes);
}

void *bp_entry_new_aligned_caught(void *(*form)(size_t, size_t), bool is_array, size_t n_bytes,
                                  size_t align, const void *tag)
{
    static const char *const names[2] = {"_ZnwmSt11align_val_tRKSt9nothrow_t",
                                         "_ZnamSt11align_val_tRKSt9nothrow_t"};
    static bp_atomic_ptr cells[2];
    void *found = bp_entry_next_function(&cells[is_array], names[is_array]);
    return found
               ? (__extension__(void *(*)(size_t, size_t, const void *)) found)(n_bytes, align, tag)
               : form(n_bytes, align);
}
