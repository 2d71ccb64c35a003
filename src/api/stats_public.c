// SPDX-License-Identifier: MIT
// The public statistics: what api/stats.c and the class regions know, in public structs.
#include "api/report.h"
#include "api/stats.h"
#include "base/attr.h"
#include "bumpalloc/stats.h"
#include "os/os.h"
#include "region/class_file.h"
#include "region/class_region.h"
#include "region/size_class.h"
#include "thread/boot.h"
#include "thread/large.h"

BP_EXPORT void bump_stats_get(struct bump_stats *ret_stats)
{
    struct bp_stats it;
    bp_boot(bp_report_boot);
    bp_stats_gather(&it);
    *ret_stats = (struct bump_stats){
        .reserved_bytes = it.reserved_bytes,
        .committed_bytes = it.committed_bytes,
        .used_bytes = it.used_bytes,
        .free_bytes = it.free_bytes,
        .dirty_bytes = it.dirty_bytes,
        .cached_bytes = it.cached_bytes,
        .span_bytes = it.span_bytes,
        .slot_bytes = it.slot_bytes,
        .direct_bytes = it.direct_bytes,
        .share_bytes = it.share_bytes,
        .budget_bytes = it.purge.budget_bytes,
        .regret_bytes = it.purge.regret_bytes,
        .limit_bytes = it.purge.limit_bytes,
        .limit_failures = it.purge.limit_failures,
        .purges = it.purge.purges,
        .purged_bytes = it.purge.purged_bytes,
        .purge_failures = it.purge.failures,
        .torn_bytes = it.purge.torn_bytes,
        .faulted_again_bytes = it.purge.faulted_again_bytes,
        .regretted_bytes = it.purge.regretted_bytes,
    };
}

BP_EXPORT size_t bump_stats_small(struct bump_small_class *ret_classes, size_t count)
{
    struct bp_stats it;
    bp_boot(bp_report_boot);
    bp_stats_gather(&it);
    for (size_t i = 1; i < BP_CLASS_COUNT && i <= count; i++) {
        const struct bp_class_stats *of = &it.of_class[i];
        ret_classes[i - 1] =
            (struct bump_small_class){of->object_bytes, of->used_objects, of->free_objects};
    }
    return BP_CLASS_COUNT - 1;
}

// Slow paths count by class, fast ones by heap.
static void count_calls(unsigned region, size_t *ret_allocs, size_t *ret_frees)
{
    const struct bp_region_counts *counts = bp_region_counts(region);
    *ret_allocs = bp_load_relaxed(&counts->allocs);
    *ret_frees = bp_load_relaxed(&counts->frees);
    for (uint32_t i = 0; region < BP_CACHED_REGIONS && i < bp_registry_count(); i++) {
        const struct bp_slot_cache *cache = &bp_registry_at(i)->slots[region];
        *ret_allocs += bp_large_cache_allocs(cache);
        *ret_frees += bp_load_relaxed(&cache->frees);
    }
}

static void large_class(unsigned region, struct bump_large_class *ret_class)
{
    const struct bp_region_counts *counts = bp_region_counts(region);
    struct bp_region_census census;
    bp_region_census(region, &census);
    *ret_class = (struct bump_large_class){
        .class_bytes = bp_region_slot_bytes(region),
        .areas = bp_load_relaxed(&counts->refills),
        .area_total_bytes = census.area_bytes,
        .free_regions = census.cached_slots + census.dirty_slots + census.clean_slots,
        .clean_regions = census.clean_slots,
        .global_regions = census.dirty_slots,
        .thread_regions = census.cached_slots,
        .slow_path = bp_load_relaxed(&counts->fresh),
        .refill = bp_load_relaxed(&counts->refills),
        .clear_eager_total = bp_load_relaxed(&counts->cleared_on_free),
        .clear_slow_total = bp_load_relaxed(&counts->cleared_later),
        .live_regions = census.used_slots,
        .live_bytes = census.used_bytes,
        .committed_bytes = census.committed_bytes,
        .high_water_bytes = census.cut_slots * bp_region_slot_bytes(region),
        .fallbacks = bp_load_relaxed(&counts->fallbacks),
        .clear_failed = bp_load_relaxed(&counts->clear_failures),
    };
    count_calls(region, &ret_class->allocations, &ret_class->deallocations);
}

BP_EXPORT size_t bump_stats_large(struct bump_large_class *ret_classes, size_t count)
{
    bp_boot(bp_report_boot);
    for (unsigned region = 0; region < bp_reservation.region_count && region < count; region++)
        large_class(region, &ret_classes[region]);
    return bp_reservation.region_count;
}

// Adds what is resident; a code that says why not.
static int add_resident(char *start, size_t n_bytes, size_t *sum)
{
    size_t resident = 0;
    size_t pages = bp_align_up(n_bytes, bp_os_page_bytes());
    int code = pages ? bp_os_resident(start, pages, &resident) : 0;
    *sum += resident;
    return -code;
}

static int resident_slots(size_t *ret_bytes)
{
    int code = 0;
    for (unsigned region = 0; region < bp_reservation.region_count && !code; region++) {
        size_t of_region = 0;
        code = bp_region_resident(region, &of_region);
        *ret_bytes += of_region;
    }
    return -code;
}

BP_EXPORT int bump_stats_resident(struct bump_resident *ret_resident)
{
    struct bump_resident it = {0};
    bp_boot(bp_report_boot);
    size_t begin = bp_reservation.arena_begin * BP_CHUNK_BYTES;
    size_t end = (bp_hot.arena_units >> (BP_CHUNK_SHIFT - 4)) * BP_CHUNK_BYTES;
    int code =
        end > begin ? add_resident(bp_reservation.base + begin, end - begin, &it.chunk_bytes) : 0;
    for (unsigned area = 0; area < BP_META_COUNT && !code; area++)
        code = add_resident(bp_meta_start[area], bp_meta_committed[area], &it.meta_bytes);
    code = code ? code : resident_slots(&it.slot_bytes);
    if (!code)
        *ret_resident = it;
    return code;
}

BP_EXPORT size_t bump_stats_files(struct bump_file_class *ret_classes, size_t count)
{
    for (unsigned region = 0; region < BP_REGION_COUNT && region < count; region++) {
        struct bp_file_census it;
        bp_files_census(region, &it);
        ret_classes[region] = (struct bump_file_class){
            .class_bytes = bp_region_slot_bytes(region),
            .live_regions = it.used_slots,
            .live_bytes = it.used_bytes,
            .global_regions = it.dirty_slots,
            .clean_regions = it.clean_slots,
            .allocations = it.allocs,
            .deallocations = it.frees,
            .clear_eager_total = it.cleared_on_free,
            .clear_slow_total = it.cleared_later,
            .clear_failed = it.clear_failures,
            .file_bytes = it.file_bytes,
            .allocated_bytes = it.allocated_bytes,
        };
    }
    return BP_REGION_COUNT;
}
