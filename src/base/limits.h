// SPDX-License-Identifier: MIT
// The constants that shape the reservation. All granules are multiples of every page size in
// use (4, 16, 64 KiB), so that the page size is a run-time matter.
#ifndef BP_BASE_LIMITS_H
#define BP_BASE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

enum {
    BP_OBJECT_ALIGN = 16,   // every object's alignment and the step of small size classes
    BP_CHUNK_SHIFT = 16,    // a chunk is 64 KiB: the unit that has a size class
    BP_SMALL_MAX = 32768,   // largest request that spans serve
    BP_CLASS_COUNT = 53,    // small size classes 1..52; 0 means "no class"
    BP_SLOT_MIN_SHIFT = 16, // slots of the smallest class region
    BP_SLOT_MAX_SHIFT = 38, // and of the largest
    BP_REGION_COUNT = BP_SLOT_MAX_SHIFT - BP_SLOT_MIN_SHIFT + 1,
};

#define BP_CHUNK_BYTES     ((size_t)1 << BP_CHUNK_SHIFT)
#define BP_KIB             ((size_t)1 << 10)
#define BP_MIB             ((size_t)1 << 20)
#define BP_GIB             ((size_t)1 << 30)
#define BP_TIB             ((size_t)1 << 40)
#define BP_REQUEST_MAX     ((size_t)PTRDIFF_MAX) // larger sizes are ENOMEM, as ISO C suggests
#define BP_RESERVE_DEFAULT (16 * BP_TIB)
#define BP_RESERVE_MIN     (64 * BP_MIB)
#define BP_ADDRESS_MAX     ((size_t)1 << 47) // pointer taggers own the bits above
#define BP_SLOT_ALIGN_MAX  BP_GIB            // slots are aligned to their size up to this

_Static_assert(sizeof(void *) == 8, "the reservation needs a 64-bit address space");

#endif
