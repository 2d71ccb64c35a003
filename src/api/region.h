// SPDX-License-Identifier: MIT
// Regions, as the other parts of the api layer use them. Invariants of struct bump_region:
//  1. size <= max <= reserved; page_up(size) <= committed <= reserved; committed and reserved are
//     whole pages. [committed, reserved) is without access.
//  2. Bytes from max(size, dirty) to committed read zero. Stale bytes, [size, dirty), exist only
//     while the whole region is plainly writable, so that growing can clear them.
//  3. Of a file-backed region the file has file_bytes >= size, and all of it that is mapped and
//     below file_bytes has space on the disk (but for holes that its user punched).
#ifndef BP_API_REGION_H
#define BP_API_REGION_H

#include "bumpalloc/region.h"

#include <stdbool.h>

enum {
    BP_REGION_FILE = 1 << 16,  // private flags, above the public ones
    BP_REGION_MIXED = 1 << 17, // parts are protected otherwise
    // What a failed commit did in part is left alone: others may be using those pages by now.
    BP_REGION_KEEP_PARTS = 1 << 18,
};

#define BP_REGION_STEP_BYTES ((size_t)64 << 10)

static inline bool bp_region_exists(const struct bump_region *region)
{
    return region->base != NULL;
}

// May n_bytes at the offset be asked for, of the end given?
static inline bool bp_region_in_range(size_t offset_bytes, size_t n_bytes, size_t end_bytes)
{
    return offset_bytes <= end_bytes && n_bytes <= end_bytes - offset_bytes;
}

// 0 if the region may be worked on: it exists, and is this process's.
int bp_region_usable(const struct bump_region *region);
// Commits at least the first n_bytes <= reserved, more as the growth says. The size stays.
int bp_region_reach(struct bump_region *region, size_t n_bytes);
// Gives back what is committed above keep_bytes, whole pages; a failure changes nothing.
int bp_region_release(struct bump_region *region, size_t keep_bytes);

// Reserves and fills in the struct; the arguments are known to be good.
int bp_region_init(struct bump_region *region, size_t max_bytes, size_t align, unsigned prot,
                   unsigned flags);
int bp_region_check(unsigned prot, unsigned flags, unsigned known_flags);

// The parts of a file-backed region that differ.
int bp_region_file_extend(struct bump_region *region, size_t end_bytes);
int bp_region_file_cut(struct bump_region *region, size_t keep_bytes);
int bp_region_file_finish(struct bump_region *region);
bool bp_region_file_is_own(const struct bump_region *region);
int bp_region_file_reserve(struct bump_region *region, size_t offset_bytes, size_t n_bytes);

#endif
