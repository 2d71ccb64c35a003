// SPDX-License-Identifier: MIT
// What a class region's slots are, counted by one walk over their records. No lock is taken: a slot
// that changes hands meanwhile is counted as either, nobody waits.
#include "os/os.h"
#include "region/slots.h"

static void count_slot(const struct bp_slot *slot, struct bp_region_census *census)
{
    census->committed_bytes += slot->committed_bytes;
    switch ((enum bp_slot_state)slot->state) {
    case BP_SLOT_USED:
    case BP_SLOT_STABLE:
        census->used_slots++;
        census->used_bytes += slot->usable_bytes;
        break;
    case BP_SLOT_CACHED:
        census->cached_slots++;
        break;
    case BP_SLOT_CLEAN:
        census->clean_slots++;
        break;
    case BP_SLOT_DIRTY:
    case BP_SLOT_BUSY:
        census->dirty_slots++;
        break;
    case BP_SLOT_FRESH:
        break;
    }
}

int bp_region_resident(unsigned region, size_t *ret_bytes)
{
    size_t records = bp_meta_committed[BP_META_SLOTS + region] / sizeof(struct bp_slot);
    size_t cut = bp_min(bp_slots_region(region)->frontier, records);
    size_t sum = 0, of_slot = 0;
    for (uint32_t number = 1; number <= cut; number++) {
        size_t committed = bp_slot_at(region, number)->committed_bytes;
        int code =
            committed ? bp_os_resident(bp_slot_object(region, number), committed, &of_slot) : 0;
        if (code)
            return code;
        sum += committed ? of_slot : 0;
    }
    *ret_bytes = sum;
    return 0;
}

void bp_region_census(unsigned region, struct bp_region_census *ret_census)
{
    const struct bp_class_region *it = bp_slots_region(region);
    size_t records = bp_meta_committed[BP_META_SLOTS + region] / sizeof(struct bp_slot);
    size_t cut = bp_min(it->frontier, records);
    *ret_census = (struct bp_region_census){
        .cut_slots = cut,
        .area_bytes = it->window_end * bp_region_slot_bytes(region),
    };
    for (uint32_t number = 1; number <= cut; number++)
        count_slot(bp_slot_at(region, number), ret_census);
}
