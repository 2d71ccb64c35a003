// SPDX-License-Identifier: MIT
// A growing array of bytes-sized items over any allocator: how a container takes a struct
// bump_allocator. It keeps a copy, and hands sizes and alignments back.
#ifndef EXAMPLE_VECTOR_H
#define EXAMPLE_VECTOR_H

#include <bumpalloc/allocator.h>
#include <stdbool.h>
#include <string.h>

struct vector {
    struct bump_allocator allocator;
    char *items;
    size_t item_bytes, count, room;
};

static inline struct vector vector_of(size_t item_bytes, struct bump_allocator allocator)
{
    return (struct vector){.allocator = allocator, .item_bytes = item_bytes};
}

static inline bool vector_push(struct vector *vector, const void *item)
{
    size_t n_bytes = vector->item_bytes;
    if (vector->count == vector->room) {
        size_t room = vector->room ? 2 * vector->room : 8;
        void *items = bump_allocator_resize(&vector->allocator, vector->items,
                                            vector->room * n_bytes, room * n_bytes, BUMP_ALIGN);
        if (!items)
            return false;
        vector->items = items;
        vector->room = room;
    }
    memcpy(vector->items + vector->count++ * n_bytes, item, n_bytes);
    return true;
}

static inline void *vector_at(const struct vector *vector, size_t index)
{
    return vector->items + index * vector->item_bytes;
}

static inline void vector_free(struct vector *vector)
{
    bump_allocator_free(&vector->allocator, vector->items, vector->room * vector->item_bytes,
                        BUMP_ALIGN);
    vector->items = NULL;
    vector->count = vector->room = 0;
}

#endif
