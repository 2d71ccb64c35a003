// SPDX-License-Identifier: MIT
#include "api/view.h"
#include "bumpalloc/bumpalloc.h"
#include "core/counters.h"
#include "core/options.h"
#include "region/depot.h"
#include "region/slots.h"
#include "reserve/budget.h"
#include "reserve/limit.h"
#include "reserve/reserve.h"
#include "thread/outside.h"
#include "thread/registry.h"
#include "thread/worker.h"

BP_USED const struct bp_page bp_page = {
    .magic = BP_PAGE_MAGIC,
    .layout = BP_PAGE_LAYOUT,
    .part_count = BP_PART_COUNT,
    .version = BUMP_VERSION,
    .part =
        {
            [BP_PART_RESERVATION] = {&bp_reservation, sizeof(bp_reservation)},
            [BP_PART_HOT] = {&bp_hot, sizeof(bp_hot)},
            [BP_PART_COUNTERS] = {&bp_counters, sizeof(bp_counters)},
            [BP_PART_OPTIONS] = {&bp_options, sizeof(bp_options)},
            [BP_PART_META_START] = {bp_meta_start, sizeof(bp_meta_start)},
            [BP_PART_META_COMMITTED] = {bp_meta_committed, sizeof(bp_meta_committed)},
            [BP_PART_META_SKIPPED] = {bp_meta_skipped, sizeof(bp_meta_skipped)},
            [BP_PART_TALLIES] = {bp_tallies, sizeof(bp_tallies)},
            [BP_PART_HEAP_COUNT] = {&bp_registry_records, sizeof(bp_registry_records)},
            [BP_PART_HEAP_SHARE] = {&bp_heap_share_bytes, sizeof(bp_heap_share_bytes)},
            [BP_PART_BUDGET] = {&bp_budget_process, sizeof(bp_budget_process)},
            [BP_PART_LIMIT] = {&bp_limit_soft_bytes, sizeof(bp_limit_soft_bytes)},
            [BP_PART_DEPOTS] = {bp_depots, sizeof(bp_depots)},
            [BP_PART_REGIONS] = {bp_class_regions, sizeof(bp_class_regions)},
        },
    .outside = &bp_outside,
    .worker_state = &bp_worker_state,
};

struct bp_view bp_view_own(void)
{
    struct bp_view view;
    for (unsigned i = 0; i < BP_PART_COUNT; i++)
        view.part[i] = bp_page.part[i].address;
    for (unsigned i = 0; i < BP_META_COUNT; i++)
        view.meta_start[i] = bp_meta_start[i];
    return view;
}
