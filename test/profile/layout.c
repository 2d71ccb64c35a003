// SPDX-License-Identifier: MIT
// What the gdb script believes of the library's records, from the compiler: "record field offset",
// and "record size bytes".
#include "api/view.h"
#include "region/class_region.h"
#include "region/depot.h"
#include "region/size_class.h"
#include "thread/heap.h"

#include <stdio.h>

#define SIZE(name, type)         printf("%s size %zu\n", name, sizeof(type))
#define FIELD(name, type, field) printf("%s " #field " %zu\n", name, offsetof(type, field))

static void spans(void)
{
    SIZE("span", struct bp_span);
    FIELD("span", struct bp_span, free_count);
    FIELD("span", struct bp_span, fresh_count);
    FIELD("span", struct bp_span, object_count);
    FIELD("span", struct bp_span, first_chunk);
    FIELD("span", struct bp_span, class_index);
    FIELD("span", struct bp_span, running);
    FIELD("span", struct bp_span, chunk_count);
    FIELD("span", struct bp_span, chain);
    SIZE("hole", struct bp_hole_chain);
    FIELD("hole", struct bp_hole_chain, head);
    FIELD("hole", struct bp_hole_chain, count);
    FIELD("span", struct bp_span, punched);
    SIZE("slot", struct bp_slot);
    FIELD("slot", struct bp_slot, usable_bytes);
    FIELD("slot", struct bp_slot, dirty_bytes);
    FIELD("slot", struct bp_slot, state);
}

static void heaps(void)
{
    SIZE("bin", struct bp_bin);
    FIELD("bin", struct bp_bin, head);
    FIELD("bin", struct bp_bin, run);
    SIZE("cold", struct bp_bin_cold);
    FIELD("cold", struct bp_bin_cold, spare);
    FIELD("cold", struct bp_bin_cold, run_end);
    printf("heap size %d\n", BP_HEAP_RECORD_BYTES);
    printf("heap bin %zu\n", offsetof(struct bp_heap, hot.bin));
    FIELD("heap", struct bp_heap, owner);
    FIELD("heap", struct bp_heap, cold);
    SIZE("depot", struct bp_depot);
    FIELD("depot", struct bp_depot, count);
    FIELD("depot", struct bp_depot, stack);
    SIZE("magazine", struct bp_magazine);
    FIELD("magazine", struct bp_magazine, head);
}

int main(void)
{
    SIZE("page", struct bp_page);
    FIELD("page", struct bp_page, part_count);
    FIELD("page", struct bp_page, part);
    SIZE("reservation", struct bp_reservation);
    FIELD("reservation", struct bp_reservation, base);
    FIELD("reservation", struct bp_reservation, n_bytes);
    FIELD("reservation", struct bp_reservation, arena_begin);
    FIELD("reservation", struct bp_reservation, arena_end);
    FIELD("reservation", struct bp_reservation, region_count);
    FIELD("reservation", struct bp_reservation, region_shift);
    FIELD("reservation", struct bp_reservation, regions);
    spans();
    heaps();
    printf("meta spans %d\nmeta heaps %d\nmeta slots %d\n", BP_META_SPANS, BP_META_HEAPS,
           BP_META_SLOTS);
    for (int i = 0; i < BP_CLASS_COUNT; i++)
        printf("class %d %u\n", i, bp_class[i].object_bytes);
    printf("parts count %d\n", BP_PART_COUNT);
    return 0;
}
