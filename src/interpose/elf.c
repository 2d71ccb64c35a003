// SPDX-License-Identifier: MIT
// The names that ELF programs call, with the hot path in front. One object file defines all but
// what is made of them (elf_reallocarray.c), so that a static link takes all or none.
#define _GNU_SOURCE
#include "api/profile.h"
#include "api/report.h"
#include "api/stats.h"
#include "base/bits.h"
#include "entry/entry.h"
#include "interpose/hot.h"
#include "interpose/zeroed.h"

#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

// Says where bp_page is (api/view.h): a note is never stripped, and mapped in every process.
__asm__(".pushsection .note.bumpalloc, \"a\", @note\n"
        ".balign 4\n"
        ".long 10, 8, 1\n" // bytes of the name and of the offset; BP_NOTE_TYPE
        ".asciz \"bumpalloc\"\n"
        ".balign 4\n"
        ".quad bp_page - .\n"
        ".popsection");

// What not every C library declares.
void *reallocf(void *pointer, size_t n_bytes);
int reallocarr(void *cell, size_t count, size_t n_bytes);
void *pvalloc(size_t n_bytes);
void free_sized(void *pointer, size_t n_bytes);
void free_aligned_sized(void *pointer, size_t align, size_t n_bytes);
void cfree(void *pointer);
size_t malloc_size(const void *pointer);
size_t malloc_good_size(size_t n_bytes);
int malloc_trim(size_t pad);
void malloc_stats(void);
int malloc_info(int options, FILE *stream);
int mallopt(int parameter, int value);

BP_EXPORT void *malloc(size_t n_bytes)
{
    void *object = bp_hot_try_malloc(n_bytes);
    return BP_LIKELY(object) ? object : bp_entry_malloc_slow(n_bytes);
}

BP_EXPORT void free(void *pointer)
{
    if (BP_UNLIKELY(!bp_hot_try_free(pointer)))
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

BP_EXPORT int reallocarr(void *cell, size_t count, size_t n_bytes)
{
    return bp_entry_reallocarr(cell, count, n_bytes);
}

BP_EXPORT void *reallocf(void *pointer, size_t n_bytes)
{
    return bp_entry_reallocf(pointer, n_bytes);
}

BP_EXPORT void *aligned_alloc(size_t align, size_t n_bytes)
{
    return bp_entry_aligned_alloc(align, n_bytes);
}

BP_EXPORT void *memalign(size_t align, size_t n_bytes)
{
    return bp_entry_memalign(align, n_bytes);
}

BP_EXPORT int posix_memalign(void **ret_pointer, size_t align, size_t n_bytes)
{
    return bp_entry_posix_memalign(ret_pointer, align, n_bytes);
}

BP_EXPORT void *valloc(size_t n_bytes)
{
    return bp_entry_valloc(n_bytes);
}

BP_EXPORT void *pvalloc(size_t n_bytes)
{
    return bp_entry_pvalloc(n_bytes);
}

BP_EXPORT void free_sized(void *pointer, size_t n_bytes)
{
    bp_hot_expect_size(pointer, n_bytes);
    if (BP_UNLIKELY(!bp_hot_try_free(pointer)))
        bp_entry_free_slow(pointer);
}

BP_EXPORT void free_aligned_sized(void *pointer, size_t align, size_t n_bytes)
{
    (void)align;
    free_sized(pointer, n_bytes);
}

BP_EXPORT void cfree(void *pointer)
{
    free(pointer);
}

BP_EXPORT size_t malloc_usable_size(void *pointer)
{
    return bp_entry_usable_size(pointer);
}

BP_EXPORT size_t malloc_size(const void *pointer)
{
    return bp_entry_usable_size((void *)(size_t)pointer);
}

BP_EXPORT size_t malloc_good_size(size_t n_bytes)
{
    return bp_entry_good_size(n_bytes);
}

BP_EXPORT int malloc_trim(size_t pad)
{
    return bp_entry_trim(pad);
}

BP_EXPORT void malloc_stats(void)
{
    bp_entry_stats();
}

BP_EXPORT int malloc_info(int options, FILE *stream)
{
    return bp_entry_info(options, stream);
}

#if defined(__GLIBC__)
static size_t free_objects(const struct bp_stats *stats)
{
    size_t count = 0;
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
        count += stats->of_class[i].free_objects;
    return count;
}

BP_EXPORT struct mallinfo2 mallinfo2(void)
{
    struct bp_stats stats;
    bp_entry_init();
    bp_stats_gather(&stats);
    return (struct mallinfo2){
        .arena = stats.committed_bytes,
        .ordblks = free_objects(&stats),
        .hblks = stats.direct_count,
        .hblkhd = stats.direct_bytes,
        .uordblks = stats.used_bytes - stats.direct_bytes, // mapped blocks count in hblkhd
        .fordblks = stats.free_bytes,
        .keepcost = stats.trimmable_bytes,
    };
}

static int clamped(size_t value)
{
    return value > INT_MAX ? INT_MAX : (int)value;
}

BP_EXPORT struct mallinfo mallinfo(void)
{
    struct mallinfo2 it = mallinfo2();
    return (struct mallinfo){
        .arena = clamped(it.arena),
        .ordblks = clamped(it.ordblks),
        .hblks = clamped(it.hblks),
        .hblkhd = clamped(it.hblkhd),
        .uordblks = clamped(it.uordblks),
        .fordblks = clamped(it.fordblks),
        .keepcost = clamped(it.keepcost),
    };
}
#endif

// glibc's knobs have nothing to turn here; all are accepted, as programs expect.
BP_EXPORT int mallopt(int parameter, int value)
{
    (void)parameter;
    (void)value;
    return 1;
}

// Not relied on: the first call initialises.
static __attribute__((constructor(101))) void early(void)
{
    bp_entry_init_early();
}

// After the program's own handlers and destructors: what is in use then was never freed.
static __attribute__((destructor(101))) void late(void)
{
    bp_entry_finish();
}

#if BP_ARCHIVE && defined(__GLIBC__)
// Its internal names, for programs that link it statically.
#define ALIAS(name, target) __typeof__(target) name __attribute__((alias(#target)))
ALIAS(__libc_malloc, malloc);
ALIAS(__libc_free, free);
ALIAS(__libc_calloc, calloc);
ALIAS(__libc_realloc, realloc);
ALIAS(__libc_memalign, memalign);
ALIAS(__libc_valloc, valloc);
ALIAS(__libc_pvalloc, pvalloc);
ALIAS(__posix_memalign, posix_memalign);
#endif
