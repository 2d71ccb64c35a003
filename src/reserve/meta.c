// SPDX-License-Identifier: MIT
#include "reserve/meta.h"

#include "base/bits.h"
#include "os/os.h"
#include "reserve/reserve.h"

char *bp_meta_start[BP_META_COUNT];
size_t bp_meta_committed[BP_META_COUNT];
static size_t capacity_bytes[BP_META_COUNT];
size_t bp_meta_skipped[BP_META_COUNT];

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
        return count * sizeof(*bp_chunk_map());
    case BP_META_CHUNKS:
        return bp_align_up(count, BP_CHUNK_GROUP) / BP_CHUNK_GROUP * BP_CHUNK_GROUP_BYTES;
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
        capacity_bytes[i] = bp_align_up(area_bytes(area, count), page);
        offset += capacity_bytes[i] + page;
    }
    return offset;
}

static void skip(enum bp_meta_area area, size_t n_bytes)
{
    bp_meta_skipped[area] = bp_meta_committed[area] = bp_align_down(n_bytes, bp_os_page_bytes());
}

// The chunk map is read for any address below the frontier.
void bp_meta_skip_chunks(uint32_t chunk_count)
{
    skip(BP_META_CHUNKS, chunk_count / BP_CHUNK_GROUP * (size_t)BP_CHUNK_GROUP_BYTES);
    skip(BP_META_SPANS, chunk_count * (size_t)BP_SPAN_RECORD_BYTES);
}

size_t bp_meta_capacity(enum bp_meta_area area)
{
    return capacity_bytes[area];
}

static bool area_grow(enum bp_meta_area area, size_t until_bytes)
{
    size_t step = until_bytes - bp_meta_committed[area];
    if (!bp_reserve_commit(bp_meta_start[area] + bp_meta_committed[area], step))
        return false;
    bp_meta_committed[area] = until_bytes;
    return true;
}

bool bp_meta_commit(enum bp_meta_area area, size_t n_bytes)
{
    size_t committed = bp_meta_committed[area];
    if (n_bytes <= committed)
        return true;
    if (n_bytes > capacity_bytes[area])
        return false;
    size_t step = bp_max(BP_CHUNK_BYTES, (committed - bp_meta_skipped[area]) / 4);
    size_t generous = bp_align_up(bp_max(n_bytes, committed + step), BP_CHUNK_BYTES);
    size_t exact = bp_align_up(n_bytes, bp_os_page_bytes());
    return area_grow(area, bp_min(generous, capacity_bytes[area])) || area_grow(area, exact);
}

bool bp_meta_commit_chunks(uint32_t chunk_count)
{
    for (unsigned i = BP_META_CHUNK_MAP; i <= BP_META_SPANS; i++) {
        enum bp_meta_area area = (enum bp_meta_area)i;
        if (!bp_meta_commit(area, area_bytes(area, chunk_count)))
            return false;
    }
    return true;
}
