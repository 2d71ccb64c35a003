// SPDX-License-Identifier: MIT
#include "region/class_share.h"

#include "base/bits.h"
#include "base/limits.h"
#include "os/os.h"
#include "os/os_codes.h"
#include "os/os_map.h"
#include "region/class_region.h"

enum {
    SHARE_MAX_SHIFT = 39,
    SHARE_WHOLE_SHIFT = 33, // where a file is mapped as a whole: that costs page tables for it
    SHARE_MIN_SHIFT = 30,
};

static struct {
    bp_atomic_u32 made; // a bit a class: its share is complete
    struct share {
        bp_atomic_ptr base;
        unsigned shift;
    } of[BP_REGION_COUNT];
} shares;

char *bp_share_base(unsigned region)
{
    return bp_load_ptr_relaxed(&shares.of[region].base);
}

size_t bp_share_bytes(unsigned region)
{
    return (size_t)1 << shares.of[region].shift;
}

size_t bp_share_slots(unsigned region)
{
    return bp_share_bytes(region) >> (BP_SLOT_MIN_SHIFT + region);
}

unsigned bp_share_of(const void *pointer)
{
    // pairs with attach: a share that is seen is complete
    uint32_t made = bp_load_u32_acquire(&shares.made);
    for (; made; made &= made - 1) {
        unsigned region = (unsigned)__builtin_ctz(made);
        if ((size_t)pointer - (size_t)bp_share_base(region) < bp_share_bytes(region))
            return region;
    }
    return BP_REGION_COUNT;
}

// The table lies elsewhere: what a file is mapped to is the file's alone.
static bool reserve(unsigned region, size_t table_bytes, void **ret_share, void **ret_table)
{
    if (bp_os_reserve(bp_share_bytes(region), BP_SLOT_ALIGN_MAX, ret_share))
        return false;
    if (!bp_os_reserve(table_bytes, BP_CHUNK_BYTES, ret_table))
        return true;
    bp_os_unmap(*ret_share, bp_share_bytes(region));
    return false;
}

static int attach(unsigned region, intptr_t file, void *base)
{
    size_t n_bytes = bp_share_bytes(region);
    int code = bp_os_file_attach(file, n_bytes, BP_SLOT_ALIGN_MAX, true, &base);
    if (code) {
        if (base)
            bp_os_unmap(base, n_bytes);
        return code;
    }
    bp_store_ptr_relaxed(&shares.of[region].base, base);
    // pairs with bp_share_of
    bp_store_u32_release(&shares.made, bp_load_u32_relaxed(&shares.made) | 1u << region);
    return 0;
}

int bp_share_make(unsigned region, intptr_t file, size_t record_bytes, void **ret_table)
{
    unsigned *shift = &shares.of[region].shift;
    void *base;
    *shift = bp_os_charges_commit() ? SHARE_WHOLE_SHIFT : SHARE_MAX_SHIFT;
    for (; *shift >= SHARE_MIN_SHIFT && bp_share_slots(region); --*shift) {
        size_t table_bytes = bp_align_up(bp_share_slots(region) * record_bytes, BP_CHUNK_BYTES);
        if (!reserve(region, table_bytes, &base, ret_table))
            continue;
        int code = attach(region, file, base);
        if (code)
            bp_os_unmap(*ret_table, table_bytes);
        return code;
    }
    return ENOMEM;
}
