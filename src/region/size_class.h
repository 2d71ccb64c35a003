// SPDX-License-Identifier: MIT
// Small size classes 1..52: 16-byte steps to 256, 8 per doubling to 1 KiB, 4 per doubling to
// 32 KiB; every size is a multiple of 16. A key is a class and the owner of a chunk that serves it:
// a number that one thread heap in BP_OWNER_COUNT has. Bins are 32 bytes, so that x86 reaches one
// by base + 8 * key. Key 0 is "no class".
#ifndef BP_REGION_SIZE_CLASS_H
#define BP_REGION_SIZE_CLASS_H

#include "base/bits.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bp_class {
    uint32_t object_bytes;
    uint16_t magazine_capacity; // most objects in a magazine
    uint16_t span_objects;
};

extern const struct bp_class bp_class[BP_CLASS_COUNT];

// 2^32 / object_bytes, rounded up.
extern const uint32_t bp_class_inverse[BP_CLASS_COUNT];

// Does an object of the class start there? pointer is in a span of the class. Multiples of d up to
// 2^16 are those whose product with 2^32 / d, rounded up, is below it in 32 bits (Lemire, Kaser,
// Kurz, "Faster remainder by direct computation", 2019).
static inline bool bp_class_starts(unsigned class_index, const void *pointer)
{
    uint32_t offset = (uint32_t)(size_t)pointer & (uint32_t)(BP_CHUNK_BYTES - 1);
    uint32_t inverse = bp_class_inverse[class_index];
    return offset * inverse < inverse &&
           offset <= BP_CHUNK_BYTES - bp_class[class_index].object_bytes;
}

// n <= BP_SMALL_MAX
static inline unsigned bp_class_for(size_t n)
{
    if (n <= 256)
        return n ? (unsigned)((n + 15) / 16) : 1;
    unsigned log2 = bp_log2_floor(n - 1);
    if (n <= 1024)
        return 17 + (log2 - 8) * 8 + (unsigned)((n - 1) >> (log2 - 3)) - 8;
    return 33 + (log2 - 10) * 4 + (unsigned)((n - 1) >> (log2 - 2)) - 4;
}

// An object of the class stays where it is when it is resized to n bytes: the class is right, or at
// least half of it is used.
static inline bool bp_class_keeps(unsigned class_index, size_t n)
{
    size_t usable = bp_class[class_index].object_bytes;
    return n <= usable && (2 * n >= usable || bp_class_for(n) == class_index);
}

// The hot path's table: the key for a request of n bytes at index (n + 15) / 16.
enum { BP_KEY_COUNT = BP_SMALL_MAX / 16 + 1 };
void bp_class_fill_keys(uint16_t keys[BP_KEY_COUNT], unsigned owner);

enum { BP_OWNER_COUNT = 8, BP_OWNER_BINS = 64, BP_KEYS_PER_BIN = 4 };

static inline size_t bp_key(unsigned class_index, unsigned owner)
{
    return (owner * (size_t)BP_OWNER_BINS + class_index) * BP_KEYS_PER_BIN;
}

static inline unsigned bp_key_class(size_t key)
{
    return key / BP_KEYS_PER_BIN % BP_OWNER_BINS;
}

static inline unsigned bp_key_owner(size_t key)
{
    return (unsigned)(key / (BP_KEYS_PER_BIN * BP_OWNER_BINS));
}

// The smallest class that holds n bytes and whose objects all are aligned so; 0 if none does.
unsigned bp_class_for_aligned(size_t n, size_t align);

#endif
