// SPDX-License-Identifier: MIT
#include "reserve/meta.h"

#include "base/bits.h"
#include "os/os.h"
#include "reserve/reserve.h"

struct area {
    size_t capacity_bytes;
    size_t committed_bytes; // guarded by its user's lock
};

static struct area areas[BP_META_COUNT];
char *bp_meta_start[BP_META_COUNT];

static size_t record_count(enum bp_meta_area area, size_t chunk_count, size_t heap_count,
                           unsigned region_shift)
{
    if (area == BP_META_HEAPS)
        return heap_count;
    if (area < BP_META_SLOTS)
        return chunk_count;
    unsigned slot_shift = BP_SLOT_MIN_SHIFT + (unsigned)(area - BP_META_SLOTS);
    return slot_shift > region_shift ? 0 : (size_t)1 << (region_shift - slot_shift);
}

static size_t area_bytes(enum bp_meta_area area, size_t count)
{
    switch (area) {
    case BP_META_CHUNK_MAP:
        return count;
    case BP_META_CHUNKS:
        return count * BP_CHUNK_RECORD_BYTES;
    case BP_META_FREE_BITS:
    case BP_META_DIRTY_BITS:
        return bp_align_up(count, 64) / 8;
    case BP_META_SPANS:
        return count * BP_SPAN_RECORD_BYTES;
    case BP_META_HEAPS:
        return count * BP_HEAP_RECORD_BYTES;
    default:
        return count * BP_SLOT_RECORD_BYTES;
    }
}

size_t bp_meta_layout(char *base, size_t chunk_count, size_t heap_count, unsigned region_count,
                      unsigned region_shift)
{
    size_t page = bp_os_page_bytes();
    size_t offset = 0;
    for (unsigned i = 0; i < BP_META_SLOTS + region_count; i++) {
        enum bp_meta_area area = (enum bp_meta_area)i;
        size_t count = record_count(area, chunk_count, heap_count, region_shift);
        bp_meta_start[i] = base + offset;
        areas[i].capacity_bytes = bp_align_up(area_bytes(area, count), page);
        offset += areas[i].capacity_bytes + page;
    }
    return offset;
}

size_t bp_meta_capacity(enum bp_meta_area area)
{
    return areas[area].capacity_bytes;
}

size_t bp_meta_committed(enum bp_meta_area area)
{
    return areas[area].committed_bytes;
}

static bool area_grow(enum bp_meta_area id, size_t until_bytes)
{
    struct area *area = &areas[id];
    size_t step = until_bytes - area->committed_bytes;
    char *at = bp_meta_start[id] + area->committed_bytes;
    if (!bp_reserve_commit(at, step))
        return false;
    area->committed_bytes = until_bytes;
    return true;
}

bool bp_meta_commit(enum bp_meta_area id, size_t n_bytes)
{
    struct area *area = &areas[id];
    if (n_bytes <= area->committed_bytes)
        return true;
    if (n_bytes > area->capacity_bytes)
        return false;
    size_t step = bp_max(BP_CHUNK_BYTES, area->committed_bytes / 4);
    size_t generous = bp_align_up(bp_max(n_bytes, area->committed_bytes + step), BP_CHUNK_BYTES);
    size_t exact = bp_align_up(n_bytes, bp_os_page_bytes());
    return area_grow(id, bp_min(generous, area->capacity_bytes)) || area_grow(id, exact);
}
