// SPDX-License-Identifier: MIT
// The malloc family under neutral names. The interpose layer gives them the names that a
// platform's programs call, with the hot path in front.
// Only this layer sets errno; free and everything that succeeds leave it as it was.
// A caller's crime ends the process with one line.
#ifndef BP_ENTRY_ENTRY_H
#define BP_ENTRY_ENTRY_H

#include "base/attr.h"
#include "thread/registry.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

// Sets the library up, once, by whoever comes first; and gives the calling thread its heap.
void bp_entry_init(void);
// The same as far as it must be done before the program begins (thread/boot.h).
BP_COLD void bp_entry_init_early(void);
// Before the process ends: what it asked to be told then.
BP_COLD void bp_entry_finish(void);
BP_COLD void bp_entry_attach(void);
static inline void bp_entry_enter(void)
{
    if (BP_UNLIKELY(bp_heap_tls == &bp_heap_none))
        bp_entry_attach();
}

// What the hot path leaves.
BP_HIDDEN BP_NOINLINE void *bp_entry_malloc_slow(size_t n_bytes);
BP_HIDDEN BP_NOINLINE void bp_entry_free_slow(void *pointer);
BP_HIDDEN BP_NOINLINE void *bp_entry_calloc_slow(size_t count, size_t n_bytes);
BP_HIDDEN BP_NOINLINE void *bp_entry_new_slow(size_t n_bytes);

BP_HIDDEN void *bp_entry_realloc(void *pointer, size_t n_bytes);
void *bp_entry_reallocarray(void *pointer, size_t count, size_t n_bytes);
// NetBSD's: resizes the array behind *(void **)cell; 0 or an errno code, errno untouched.
int bp_entry_reallocarr(void *cell, size_t count, size_t n_bytes);
void *bp_entry_reallocf(void *pointer, size_t n_bytes);

void *bp_entry_aligned_alloc(size_t align, size_t n_bytes);
void *bp_entry_memalign(size_t align, size_t n_bytes);
int bp_entry_posix_memalign(void **ret_pointer, size_t align, size_t n_bytes);
void *bp_entry_valloc(size_t n_bytes);
void *bp_entry_pvalloc(size_t n_bytes);

// operator new: nothrow answers NULL after the new_handler gave up, the other throws.
void *bp_entry_new_aligned(size_t n_bytes, size_t align);
BP_HIDDEN void *bp_entry_new_nothrow(size_t n_bytes, size_t align, const void *tag);

// nothrow when the throwing form is the program's: the C++ runtime has the code that calls it by
// its name and catches. Without a runtime nobody throws, and form is called.
void *bp_entry_new_caught(void *(*form)(size_t), bool is_array, size_t n_bytes, const void *tag);
void *bp_entry_new_aligned_caught(void *(*form)(size_t, size_t), bool is_array, size_t n_bytes,
                                  size_t align, const void *tag);

size_t bp_entry_usable_size(void *pointer);
size_t bp_entry_good_size(size_t n_bytes);
int bp_entry_trim(size_t pad);
void bp_entry_stats(void);
int bp_entry_info(int options, FILE *stream);

// A function of the next library that has one of this name, remembered in the cell; or NULL.
void *bp_entry_next_function(bp_atomic_ptr *cell, const char *name);
// As bp_die_invalid; of a guarded object its stacks are told.
BP_COLD BP_NORETURN void bp_entry_die_invalid(const void *pointer, const char *function);

// Pointers that nobody here knows go to the next allocator; if there is none, it is a crime.
void bp_entry_foreign_free(void *pointer);
void *bp_entry_foreign_realloc(void *pointer, size_t n_bytes);
size_t bp_entry_foreign_usable_size(void *pointer);

#endif
