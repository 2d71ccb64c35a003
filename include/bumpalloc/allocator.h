// SPDX-License-Identifier: MIT
// An allocator as a value, for containers that are to take any.
//
// A struct bump_allocator is three functions and what they work on. A container keeps a copy of it,
// allocates through it, and hands back sizes and alignments when it resizes or frees: allocators
// need not remember them. It may be used by as many threads as what it works on.
//
// Allocators are written by anyone: one provides all three functions, free may do nothing.
#ifndef BUMPALLOC_ALLOCATOR_H
#define BUMPALLOC_ALLOCATOR_H

#include "arena.h"
#include "region.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#if defined(_WIN32)
#include <malloc.h>
#endif
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bump_allocator {
    // n_bytes (> 0) at a multiple of align (a power of two), or NULL.
    void *(*alloc)(void *context, size_t n_bytes, size_t align);
    // The object with new_bytes (> 0), perhaps elsewhere, its content kept as far as both sizes go;
    // or NULL, and the object is as it was.
    void *(*resize)(void *context, void *object, size_t old_bytes, size_t new_bytes, size_t align);
    // object is never NULL.
    void (*free)(void *context, void *object, size_t n_bytes, size_t align);
    void *context;
};

// Allocates from the arena. resize works in place for the last object and copies others; free gives
// back the last object alone. As thread-safe as the arena.
struct bump_allocator bump_arena_allocator(struct bump_arena *arena);
// One object at a time, at the region's base: a container that is one array never moves, and its
// pointers stay valid. A second object is NULL, as is an alignment that the base does not have. For
// one thread at a time.
struct bump_allocator bump_region_allocator(struct bump_region *region);
// Calls the function of the same name; the size 0 is taken for 1.
static inline void *bump_allocator_alloc(const struct bump_allocator *allocator, size_t n_bytes,
                                         size_t align)
{
    return allocator->alloc(allocator->context, n_bytes ? n_bytes : 1, align);
}

// Calls the function of the same name; object NULL allocates.
static inline void *bump_allocator_resize(const struct bump_allocator *allocator, void *object,
                                          size_t old_bytes, size_t new_bytes, size_t align)
{
    if (!object)
        return bump_allocator_alloc(allocator, new_bytes, align);
    return allocator->resize(allocator->context, object, old_bytes ? old_bytes : 1,
                             new_bytes ? new_bytes : 1, align);
}

// Calls the function of the same name; nothing happens to NULL.
static inline void bump_allocator_free(const struct bump_allocator *allocator, void *object,
                                       size_t n_bytes, size_t align)
{
    if (object)
        allocator->free(allocator->context, object, n_bytes ? n_bytes : 1, align);
}

// Private.
static inline void *bump_malloc_alloc_(void *context, size_t n_bytes, size_t align)
{
    (void)context;
    if (align <= BUMP_ALIGN)
        return align && (align & (align - 1)) == 0 ? malloc(n_bytes) : NULL;
    if ((align & (align - 1)) != 0 || n_bytes > SIZE_MAX - align)
        return NULL;
#if defined(_WIN32)
    return _aligned_malloc(n_bytes, align);
#else
    return aligned_alloc(align, (n_bytes + align - 1) & ~(align - 1));
#endif
}

// Private. Windows keeps aligned blocks apart.
static inline void bump_malloc_release_(void *object, size_t align)
{
    (void)align;
#if defined(_WIN32)
    if (align > BUMP_ALIGN) {
        _aligned_free(object);
        return;
    }
#endif
    free(object);
}

// Private.
static inline void bump_malloc_free_(void *context, void *object, size_t n_bytes, size_t align)
{
    (void)context;
    (void)n_bytes;
    bump_malloc_release_(object, align);
}

// Private. realloc would forget the alignment.
static inline void *bump_malloc_resize_(void *context, void *object, size_t old_bytes,
                                        size_t new_bytes, size_t align)
{
    if (align <= BUMP_ALIGN)
        return realloc(object, new_bytes);
    void *moved = bump_malloc_alloc_(context, new_bytes, align);
    if (!moved)
        return NULL;
    memcpy(moved, object, old_bytes < new_bytes ? old_bytes : new_bytes);
    bump_malloc_release_(object, align);
    return moved;
}

// malloc, aligned_alloc, realloc and free of the program that includes this. For any thread.
static inline struct bump_allocator bump_malloc_allocator(void)
{
    struct bump_allocator allocator = {bump_malloc_alloc_, bump_malloc_resize_, bump_malloc_free_,
                                       NULL};
    return allocator;
}

#ifdef __cplusplus
}
#endif

#endif
