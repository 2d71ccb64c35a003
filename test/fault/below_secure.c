// SPDX-License-Identifier: MIT
#include "below.h"

#include "core/seal.h"
#include "ward/table.h"
#include "ward/ward.h"

void below_flush(void)
{
    bp_paged_flush();
}

static size_t held_objects(const struct bp_ward_bin *bin)
{
    size_t count = bin->count + (size_t)(bin->next != NULL);
    for (unsigned at = 0; bin->object_bytes && at <= bin->mask; at++)
        count += bin->ring[at] != NULL;
    return count;
}

size_t below_held_bytes(void)
{
    size_t bytes = 0;
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
        bytes += held_objects(&bp_ward_cell->bin[i]) * bp_class[i].object_bytes;
    return bytes;
}

size_t below_place_bytes(size_t n_bytes)
{
    return bp_class[bp_class_for(n_bytes + BP_TAG_BYTES)].object_bytes;
}

bool below_is_random(void)
{
    return true;
}

bool below_is_secret(void)
{
    const struct bp_secrets nothing = {.factor = 1, .canary = 0x0101010101010101u};
    return bp_secrets.link && bp_secrets.tag && bp_secrets.factor != nothing.factor &&
           bp_secrets.canary != nothing.canary;
}
