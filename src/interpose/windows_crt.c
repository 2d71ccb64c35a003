// SPDX-License-Identifier: MIT
// The names by which Windows programs reach the C runtime's allocator, with the hot path in front.
// No code is patched: the linker finds these names before it looks into the runtime's library. For
// that, one object file defines all of them; __imp_X, through which code compiled for the runtime's
// DLL calls X; and the X_base twins, which stand beside X in Microsoft's static library: a member
// that is missing here would draw the runtime's own definition in, and be a duplicate of ours.
#include "base/bits.h"
#include "entry/entry.h"
#include "entry/offset.h"
#include "interpose/zeroed.h"
#include "os/os.h"

#include <string.h>
#include <wchar.h>

// Not <stdlib.h>'s and <malloc.h>'s declarations: those are imports.
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

#define REACHED_BY_IMPORT(name)                                                                    \
    extern const void *const __imp_##name;                                                         \
    const void *const __imp_##name = __extension__(const void *) name;

// --- the family ---

BP_EXPORT void *malloc(size_t n_bytes)
{
    void *object = bp_heap_try_malloc(n_bytes);
    return BP_LIKELY(object) ? object : bp_entry_malloc_slow(n_bytes);
}

BP_EXPORT void free(void *pointer)
{
    if (BP_UNLIKELY(!bp_heap_try_free(pointer)))
        bp_entry_free_slow(pointer);
}

BP_EXPORT void *calloc(size_t count, size_t n_bytes)
{
    return bp_hot_calloc(count, n_bytes);
}

BP_EXPORT void *realloc(void *pointer, size_t n_bytes)
{
    return bp_entry_realloc(pointer, n_bytes);
}

BP_EXPORT void *_recalloc(void *pointer, size_t count, size_t n_bytes)
{
    return bp_entry_recalloc(pointer, count, n_bytes);
}

// In place or not at all.
BP_EXPORT void *_expand(void *pointer, size_t n_bytes)
{
    return bp_entry_expand(pointer, n_bytes);
}

BP_EXPORT size_t _msize(void *pointer)
{
    return bp_entry_msize(pointer);
}

REACHED_BY_IMPORT(malloc)
REACHED_BY_IMPORT(free)
REACHED_BY_IMPORT(calloc)
REACHED_BY_IMPORT(realloc)
REACHED_BY_IMPORT(_recalloc)
REACHED_BY_IMPORT(_expand)
REACHED_BY_IMPORT(_msize)

// --- their twins ---

// Bodies, not aliases: both names stand in the symbol table with code of their own.
#define TWIN(name, result, parameters, statement)                                                  \
    BP_EXPORT result name parameters                                                               \
    {                                                                                              \
        statement;                                                                                 \
    }                                                                                              \
    extern const void *const __imp_##name;                                                         \
    const void *const __imp_##name = __extension__(const void *) name;

TWIN(_malloc_base, void *, (size_t n), return malloc(n))
TWIN(_free_base, void, (void *pointer), free(pointer))
TWIN(_calloc_base, void *, (size_t count, size_t n), return calloc(count, n))
TWIN(_realloc_base, void *, (void *pointer, size_t n), return realloc(pointer, n))
TWIN(_recalloc_base, void *, (void *p, size_t count, size_t n), return _recalloc(p, count, n))
TWIN(_expand_base, void *, (void *pointer, size_t n), return _expand(pointer, n))
TWIN(_msize_base, size_t, (void *pointer), return _msize(pointer))

// --- aligned: a family of its own, whose blocks only _aligned_free frees ---

BP_EXPORT void *_aligned_offset_malloc(size_t n_bytes, size_t align, size_t offset)
{
    return bp_entry_offset_alloc(n_bytes, align, offset);
}

BP_EXPORT void *_aligned_malloc(size_t n_bytes, size_t align)
{
    return bp_entry_offset_alloc(n_bytes, align, 0);
}

BP_EXPORT void _aligned_free(void *pointer)
{
    bp_entry_offset_free(pointer);
}

BP_EXPORT size_t _aligned_msize(void *pointer, size_t align, size_t offset)
{
    return bp_entry_offset_usable(pointer, align, offset);
}

BP_EXPORT void *_aligned_offset_realloc(void *pointer, size_t n_bytes, size_t align, size_t offset)
{
    return bp_entry_offset_realloc(pointer, n_bytes, align, offset, false);
}

BP_EXPORT void *_aligned_realloc(void *pointer, size_t n_bytes, size_t align)
{
    return bp_entry_offset_realloc(pointer, n_bytes, align, 0, false);
}

BP_EXPORT void *_aligned_offset_recalloc(void *pointer, size_t count, size_t n_bytes, size_t align,
                                         size_t offset)
{
    size_t total;
    if (__builtin_mul_overflow(count, n_bytes, &total))
        total = SIZE_MAX;
    return bp_entry_offset_realloc(pointer, total, align, offset, true);
}

BP_EXPORT void *_aligned_recalloc(void *pointer, size_t count, size_t n_bytes, size_t align)
{
    return _aligned_offset_recalloc(pointer, count, n_bytes, align, 0);
}

REACHED_BY_IMPORT(_aligned_offset_malloc)
REACHED_BY_IMPORT(_aligned_malloc)
REACHED_BY_IMPORT(_aligned_free)
REACHED_BY_IMPORT(_aligned_msize)
REACHED_BY_IMPORT(_aligned_offset_realloc)
REACHED_BY_IMPORT(_aligned_realloc)
REACHED_BY_IMPORT(_aligned_offset_recalloc)
REACHED_BY_IMPORT(_aligned_recalloc)

// --- strings: in the runtime's DLL they would come from its heap ---

BP_EXPORT char *_strdup(const char *text)
{
    size_t n_bytes = text ? strlen(text) + 1 : 0;
    char *copy = text ? malloc(n_bytes) : NULL;
    return copy ? memcpy(copy, text, n_bytes) : NULL;
}

BP_EXPORT wchar_t *_wcsdup(const wchar_t *text)
{
    size_t n_bytes = text ? (wcslen(text) + 1) * sizeof(wchar_t) : 0;
    wchar_t *copy = text ? malloc(n_bytes) : NULL;
    return copy ? memcpy(copy, text, n_bytes) : NULL;
}

TWIN(strdup, char *, (const char *text), return _strdup(text))
TWIN(wcsdup, wchar_t *, (const wchar_t *text), return _wcsdup(text))
REACHED_BY_IMPORT(_strdup)
REACHED_BY_IMPORT(_wcsdup)

// --- start ---

// Not relied on: the first call initialises. But boot looks functions up, for which Windows may
// take its loader lock; here it has it, and nobody can wait for us with it.
static void early(void *image, unsigned long reason, void *reserved)
{
    (void)image, (void)reserved;
    if (reason == 1) // DLL_PROCESS_ATTACH
        bp_entry_init();
}

BP_USED static void (*const at_start)(void *, unsigned long, void *)
    __attribute__((section(".CRT$XLB"))) = early;
