// SPDX-License-Identifier: MIT
// The public statistics: what api/stats.c and the class regions know, in public structs.
#include "api/format.h"
#include "api/report.h"
#include "api/stats.h"
#include "base/attr.h"
#include "bumpalloc/stats.h"
#include "os/os.h"
#include "region/class_region.h"
#include "region/size_class.h"
#include "reserve/reserve.h"
#include "thread/boot.h"

#include <errno.h>

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

static struct bump_large_class large_class(const struct bp_region_stats *of)
{
    return (struct bump_large_class){
        .class_bytes = of->slot_bytes,
        .areas = of->refills,
        .area_total_bytes = of->window_bytes,
        .free_regions = of->cached_slots + of->dirty_slots + of->clean_slots,
        .clean_regions = of->clean_slots,
        .global_regions = of->dirty_slots,
        .thread_regions = of->cached_slots,
        .allocations = of->allocations,
        .slow_path = of->fresh,
        .refill = of->refills,
        .deallocations = of->frees,
        .clear_eager_total = of->cleared_on_free,
        .clear_slow_total = of->cleared_later,
        .live_regions = of->used_slots,
        .live_bytes = of->used_bytes,
        .committed_bytes = of->committed_bytes,
        .high_water_bytes = of->cut_bytes,
        .fallbacks = of->fallbacks,
        .clear_failed = of->clear_failures,
    };
}

BP_EXPORT size_t bump_stats_large(struct bump_large_class *ret_classes, size_t count)
{
    struct bp_stats it;
    bp_boot(bp_report_boot);
    bp_stats_gather(&it);
    for (unsigned region = 0; region < bp_reservation.region_count && region < count; region++)
        ret_classes[region] = large_class(&it.of_region[region]);
    return bp_reservation.region_count;
}

static struct bump_file_class file_class(const struct bp_file_stats *of, unsigned region)
{
    return (struct bump_file_class){
        .class_bytes = bp_region_slot_bytes(region),
        .live_regions = of->used_slots,
        .live_bytes = of->used_bytes,
        .global_regions = of->dirty_slots,
        .clean_regions = of->clean_slots,
        .allocations = of->allocations,
        .deallocations = of->frees,
        .clear_eager_total = of->cleared_on_free,
        .clear_slow_total = of->cleared_later,
        .clear_failed = of->clear_failures,
        .file_bytes = of->file_bytes,
        .allocated_bytes = of->allocated_bytes,
    };
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
        code = add_resident(bp_meta_start[area] + bp_meta_skipped[area],
                            bp_meta_committed[area] - bp_meta_skipped[area], &it.meta_bytes);
    code = code ? code : resident_slots(&it.slot_bytes);
    if (!code)
        *ret_resident = it;
    return code;
}

BP_EXPORT size_t bump_stats_files(struct bump_file_class *ret_classes, size_t count)
{
    struct bp_stats it;
    bp_stats_gather(&it);
    for (unsigned region = 0; region < BP_REGION_COUNT && region < count; region++)
        ret_classes[region] = file_class(&it.of_file[region], region);
    return BP_REGION_COUNT;
}

BP_EXPORT int bump_stats_write(int file_descriptor, enum bump_stats_format format)
{
    static const enum bp_stats_mode modes[] = {
        [BUMP_STATS_TEXT] = BP_STATS_TEXT,
        [BUMP_STATS_JSON] = BP_STATS_JSON,
        [BUMP_STATS_PROMETHEUS] = BP_STATS_PROMETHEUS,
        [BUMP_STATS_XML] = BP_STATS_XML,
    };
    struct bp_stats it;
    struct bp_sink sink = bp_sink_to(file_descriptor);
    if ((size_t)format >= sizeof(modes) / sizeof(modes[0]))
        return -EINVAL;
    bp_boot(bp_report_boot);
    bp_stats_gather_settled(&it);
    bp_stats_write(&sink, &it, modes[format]);
    bp_sink_flush(&sink);
    return -sink.code;
}
