// SPDX-License-Identifier: MIT
// What a large object is: its size, its state, what it may become.
#include "region/class_file.h"
#include "region/class_region.h"
#include "region/direct.h"
#include "region/overflow.h"
#include "region/span.h"
#include "thread/large.h"

enum bp_verdict bp_large_verdict(const struct bp_slot *slot)
{
    if (BP_UNLIKELY(!slot || slot->state == BP_SLOT_FRESH))
        return BP_INVALID;
    bool used = slot->state == BP_SLOT_USED || slot->state == BP_SLOT_STABLE ||
                slot->state == BP_SLOT_SAMPLED;
    return used ? BP_DONE : BP_DOUBLE_FREE;
}

void bp_large_mark(void *pointer, bool sampled)
{
    unsigned region;
    if (!bp_region_of(pointer, &region))
        return;
    struct bp_slot *slot = bp_region_slot(region, pointer);
    if (slot->state != BP_SLOT_STABLE)
        slot->state = sampled ? BP_SLOT_SAMPLED : BP_SLOT_USED;
}

static size_t chunks_usable(const void *pointer, enum bp_verdict *ret_verdict)
{
    struct bp_span *span = bp_span_large_find(pointer);
    *ret_verdict = span ? BP_DONE : BP_INVALID;
    return span ? bp_span_large_bytes(span) : 0;
}

static size_t outside_usable(const void *pointer, enum bp_verdict *ret_verdict)
{
    size_t n_bytes = bp_class[bp_overflow_class_of(pointer)].object_bytes;
    if (!n_bytes)
        n_bytes = bp_files_owns(pointer) ? bp_files_usable(pointer) : bp_direct_usable(pointer);
    *ret_verdict = BP_DONE;
    if (!n_bytes)
        *ret_verdict = bp_direct_holds(pointer) ? BP_INVALID : BP_FOREIGN;
    return n_bytes;
}

size_t bp_large_usable(const void *pointer, enum bp_verdict *ret_verdict)
{
    unsigned region;
    if (!bp_reserve_owns(pointer))
        return outside_usable(pointer, ret_verdict);
    if (!bp_region_of(pointer, &region))
        return chunks_usable(pointer, ret_verdict);
    struct bp_slot *slot = bp_region_find(region, pointer);
    *ret_verdict = bp_large_verdict(slot);
    return *ret_verdict == BP_DONE ? slot->usable_bytes : 0;
}

size_t bp_large_stable_max(const void *pointer)
{
    unsigned region;
    if (!bp_reserve_owns(pointer))
        return bp_direct_stable_max(pointer);
    if (!bp_region_of(pointer, &region))
        return 0;
    const struct bp_slot *slot = bp_region_find(region, pointer);
    return slot && slot->state == BP_SLOT_STABLE ? bp_region_slot_bytes(region) : 0;
}

size_t bp_large_class_bytes(const void *pointer)
{
    unsigned region;
    return bp_region_of(pointer, &region) ? bp_region_slot_bytes(region)
                                          : bp_direct_freed_bytes(pointer);
}
