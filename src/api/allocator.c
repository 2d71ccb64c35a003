// SPDX-License-Identifier: MIT
#include "bumpalloc/allocator.h"

#include "base/attr.h"
#include "base/bits.h"

#include <string.h>

static void *arena_alloc(void *context, size_t n_bytes, size_t align)
{
    return bump_arena_alloc(context, n_bytes, align);
}

static void *arena_resize(void *context, void *object, size_t old_bytes, size_t new_bytes,
                          size_t align)
{
    if (bump_arena_resize(context, object, old_bytes, new_bytes))
        return object;
    void *moved = bump_arena_alloc(context, new_bytes, align);
    return moved ? memcpy(moved, object, bp_min(old_bytes, new_bytes)) : NULL;
}

static void arena_free(void *context, void *object, size_t n_bytes, size_t align)
{
    (void)align;
    bump_arena_free_last(context, object, n_bytes);
}

BP_EXPORT struct bump_allocator bump_arena_allocator(struct bump_arena *arena)
{
    return (struct bump_allocator){arena_alloc, arena_resize, arena_free, arena};
}

static void *region_alloc(void *context, size_t n_bytes, size_t align)
{
    struct bump_region *region = context;
    if (region->size_bytes || !bp_is_power_of_two(align) || (size_t)region->base & (align - 1))
        return NULL;
    return bump_region_resize(region, n_bytes) ? NULL : region->base;
}

static void *region_resize(void *context, void *object, size_t old_bytes, size_t new_bytes,
                           size_t align)
{
    struct bump_region *region = context;
    (void)old_bytes;
    (void)align;
    if (object != region->base)
        return NULL;
    return bump_region_resize(region, new_bytes) ? NULL : object;
}

static void region_free(void *context, void *object, size_t n_bytes, size_t align)
{
    struct bump_region *region = context;
    (void)n_bytes;
    (void)align;
    if (object == region->base)
        bump_region_resize(region, 0);
}

BP_EXPORT struct bump_allocator bump_region_allocator(struct bump_region *region)
{
    return (struct bump_allocator){region_alloc, region_resize, region_free, region};
}
