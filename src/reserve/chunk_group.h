// SPDX-License-Identifier: MIT
// The records of 64 chunks, and the bits that say which of them are free, and which dirty. They
// stand together because most processes use one group: one commit, and one page of it.
#ifndef BP_RESERVE_CHUNK_GROUP_H
#define BP_RESERVE_CHUNK_GROUP_H

#include "base/limits.h"
#include "reserve/meta.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bp_chunk {
    uint32_t older, newer; // dirty list; 0 ends it
    uint32_t stamp;        // dirty: its age; clean, discarded: when it was purged, or 0
    uint16_t state;
    bool holed; // discarded, or dirty with discarded pages in it: for bp_os_reuse
};

struct bp_chunk_group {
    uint64_t free_bits, dirty_bits;
    struct bp_chunk chunk[BP_CHUNK_GROUP];
};
_Static_assert(sizeof(struct bp_chunk_group) == BP_CHUNK_GROUP_BYTES, "meta.h counts on it");
_Static_assert(BP_CHUNK_GROUP == 64, "a bit for each");

static inline struct bp_chunk_group *bp_chunk_group_of(uint32_t chunk)
{
    return (struct bp_chunk_group *)bp_meta_begin(BP_META_CHUNKS) + chunk / BP_CHUNK_GROUP;
}

static inline struct bp_chunk *bp_chunk_at(uint32_t chunk)
{
    return &bp_chunk_group_of(chunk)->chunk[chunk % BP_CHUNK_GROUP];
}

#endif
