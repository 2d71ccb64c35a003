// SPDX-License-Identifier: MIT
// Small size classes 1..52: 16-byte steps to 256, 8 per doubling to 1 KiB, 4 per doubling to
// 32 KiB; every size is a multiple of 16. A class's key is twice its number: bins are 16 bytes,
// so that x86 reaches one by base + 8 * key. Key 0 is "no class".
#ifndef BP_REGION_SIZE_CLASS_H
#define BP_REGION_SIZE_CLASS_H

#include "base/bits.h"
#include "base/limits.h"

#include <stddef.h>
#include <stdint.h>

struct bp_class {
    uint32_t object_bytes;
    uint16_t span_chunks;       // chunks in a span of this class
    uint16_t magazine_capacity; // most objects in a magazine
    uint32_t span_objects;
};

extern const struct bp_class bp_class[BP_CLASS_COUNT];

// key of a request of n bytes, at index (n + 15) / 16, for n up to BP_TABLE_MAX
#define BP_KEYS_X2(k) (k), (k)
#define BP_KEYS_X4(k) (k), (k), (k), (k)
// clang-format off
#define BP_KEY_TABLE {                                                                             \
    2, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32,                                 \
    BP_KEYS_X2(34), BP_KEYS_X2(36), BP_KEYS_X2(38), BP_KEYS_X2(40),                                \
    BP_KEYS_X2(42), BP_KEYS_X2(44), BP_KEYS_X2(46), BP_KEYS_X2(48),                                \
    BP_KEYS_X4(50), BP_KEYS_X4(52), BP_KEYS_X4(54), BP_KEYS_X4(56),                                \
    BP_KEYS_X4(58), BP_KEYS_X4(60), BP_KEYS_X4(62), BP_KEYS_X4(64) }
// clang-format on
enum { BP_KEY_COUNT = BP_TABLE_MAX / 16 + 1 };

extern const uint8_t bp_key_table[BP_KEY_COUNT];

// BP_TABLE_MAX < n <= BP_SMALL_MAX
static inline unsigned bp_class_computed(size_t n)
{
    unsigned log2 = bp_log2_floor(n - 1);
    return 33 + (log2 - 10) * 4 + (unsigned)((n - 1) >> (log2 - 2)) - 4;
}

// n <= BP_SMALL_MAX
static inline unsigned bp_class_for(size_t n)
{
    return n <= BP_TABLE_MAX ? bp_key_table[(n + 15) >> 4] / 2 : bp_class_computed(n);
}

// The smallest class that holds n bytes and whose objects all are aligned so; 0 if none does.
unsigned bp_class_for_aligned(size_t n, size_t align);

#endif
