// SPDX-License-Identifier: MIT
// Out-of-line metadata: arrays at the low end of the reservation, each growing from its own
// start behind a guard page, committed as far as it is used and never given back.
// An area has one lock of its user's over its growth; what is committed is readable by all.
#ifndef BP_RESERVE_META_H
#define BP_RESERVE_META_H

#include "base/attr.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bp_meta_area {
    BP_META_CHUNK_MAP, // 2 bytes a chunk: its key
    BP_META_CHUNKS,    // BP_CHUNK_GROUP_BYTES for BP_CHUNK_GROUP chunks
    BP_META_SPANS,     // BP_SPAN_RECORD_BYTES a chunk
    BP_META_HEAPS,     // BP_HEAP_RECORD_BYTES a thread heap
    BP_META_SLOTS,     // BP_SLOT_RECORD_BYTES a slot; one area for each class region from here on
    BP_META_COUNT = BP_META_SLOTS + BP_REGION_COUNT,
};

enum {
    BP_CHUNK_GROUP = 64,
    BP_CHUNK_GROUP_BYTES = BP_CHUNK_GROUP * 16 + 16,
    BP_SPAN_RECORD_BYTES = 128,
    BP_HEAP_RECORD_BYTES = 40960,
    BP_SLOT_RECORD_BYTES = 40,
};

// Lays the areas out from the reservation's base for so many chunks, heaps and class regions;
// returns the bytes they take, guards included. The chunk map comes first.
size_t bp_meta_layout(char *base, size_t chunk_count, size_t heap_count, unsigned region_count,
                      unsigned region_shift);
extern BP_HIDDEN char *bp_meta_start[BP_META_COUNT];
extern BP_HIDDEN size_t bp_meta_committed[BP_META_COUNT]; // bytes; only grows
extern BP_HIDDEN size_t bp_meta_skipped[BP_META_COUNT];   // of them, at its start: never used
// Right after the layout: the records of the first chunks are never used, and need no commit.
void bp_meta_skip_chunks(uint32_t chunk_count);
static inline void *bp_meta_begin(enum bp_meta_area area)
{
    return bp_meta_start[area];
}
size_t bp_meta_capacity(enum bp_meta_area area);
// Makes the first n_bytes usable; false if the area or memory ends before that.
bool bp_meta_commit(enum bp_meta_area area, size_t n_bytes);
// The same for all records of the first chunks.
bool bp_meta_commit_chunks(uint32_t chunk_count);

#endif
