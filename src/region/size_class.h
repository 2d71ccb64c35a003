// SPDX-License-Identifier: MIT
// Small size classes 1..52: 16-byte steps to 256, 8 per doubling to 1 KiB, 4 per doubling to
// 32 KiB; every size is a multiple of 16. A class's key is twice its number: bins are 16 bytes,
// so that x86 reaches one by base + 8 * key. Key 0 is "no class". The key table has 16-bit
// entries of 8 * key, the bin's offset itself.
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

// Offset of the bin for a request of n bytes, at index (n + 15) / 16, for n up to BP_TABLE_MAX.
#define BP_BIN_X2(c) (16 * (c)), (16 * (c))
#define BP_BIN_X4(c) BP_BIN_X2(c), BP_BIN_X2(c)
// clang-format off
#define BP_BIN_OFFSETS {                                                                           \
    16, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256,                  \
    BP_BIN_X2(17), BP_BIN_X2(18), BP_BIN_X2(19), BP_BIN_X2(20),                                    \
    BP_BIN_X2(21), BP_BIN_X2(22), BP_BIN_X2(23), BP_BIN_X2(24),                                    \
    BP_BIN_X4(25), BP_BIN_X4(26), BP_BIN_X4(27), BP_BIN_X4(28),                                    \
    BP_BIN_X4(29), BP_BIN_X4(30), BP_BIN_X4(31), BP_BIN_X4(32) }
// clang-format on
enum { BP_BIN_OFFSET_COUNT = BP_TABLE_MAX / 16 + 1 };

// The same for larger requests, at index (n - 1) / 256 - 4.
#define BP_BIN_X8(c)  BP_BIN_X4(c), BP_BIN_X4(c)
#define BP_BIN_X16(c) BP_BIN_X8(c), BP_BIN_X8(c)
// clang-format off
#define BP_MEDIUM_OFFSETS {                                                                        \
    16 * 33, 16 * 34, 16 * 35, 16 * 36,                                                            \
    BP_BIN_X2(37), BP_BIN_X2(38), BP_BIN_X2(39), BP_BIN_X2(40),                                    \
    BP_BIN_X4(41), BP_BIN_X4(42), BP_BIN_X4(43), BP_BIN_X4(44),                                    \
    BP_BIN_X8(45), BP_BIN_X8(46), BP_BIN_X8(47), BP_BIN_X8(48),                                    \
    BP_BIN_X16(49), BP_BIN_X16(50), BP_BIN_X16(51), BP_BIN_X16(52) }
// clang-format on
enum { BP_MEDIUM_COUNT = (BP_SMALL_MAX - BP_TABLE_MAX) / 256 };

extern const uint16_t bp_bin_offsets[BP_BIN_OFFSET_COUNT];
extern const uint16_t bp_medium_offsets[BP_MEDIUM_COUNT];

// n <= BP_SMALL_MAX
static inline unsigned bp_class_for(size_t n)
{
    return n <= BP_TABLE_MAX ? bp_bin_offsets[(n + 15) >> 4] / 16u
                             : bp_medium_offsets[((n - 1) >> 8) - 4] / 16u;
}

// The smallest class that holds n bytes and whose objects all are aligned so; 0 if none does.
unsigned bp_class_for_aligned(size_t n, size_t align);

#endif
