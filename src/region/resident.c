// SPDX-License-Identifier: MIT
// What of a class region has memory behind it. No lock is taken: a slot that changes hands
// meanwhile is counted as either, nobody waits.
#include "os/os.h"
#include "region/slots.h"

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
