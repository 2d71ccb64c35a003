// SPDX-License-Identifier: MIT
// What programs ask an allocator about itself: sizes, trim, malloc_stats, malloc_info.
#include "api/stats.h"
#include "core/report.h"
#include "entry/entry.h"
#include "os/os.h"
#include "thread/request.h"

size_t bp_entry_usable_size(void *pointer)
{
    enum bp_verdict verdict;
    if (!pointer)
        return 0;
    size_t n_bytes = bp_request_usable(pointer, &verdict);
    if (verdict == BP_FOREIGN)
        return bp_entry_foreign_usable_size(pointer);
    if (verdict != BP_DONE)
        bp_die_invalid(pointer, "malloc_usable_size");
    return n_bytes;
}

// The size that a request of n bytes gets.
size_t bp_entry_good_size(size_t n_bytes)
{
    bp_entry_init();
    if (n_bytes <= BP_SMALL_MAX)
        return bp_class[bp_class_for(n_bytes)].object_bytes;
    bool chunks = bp_reservation.n_bytes && !bp_reservation.region_count;
    size_t granule = chunks ? BP_CHUNK_BYTES : bp_os_page_bytes();
    size_t whole = bp_align_up(bp_max(n_bytes, 1), granule);
    return whole < n_bytes ? n_bytes : whole;
}

// pad, glibc's slack at the top of its heap, has no meaning here.
int bp_entry_trim(size_t pad)
{
    (void)pad;
    bp_entry_init();
    return bp_request_trim() > 0;
}

static void stats_line(const char *name, size_t value)
{
    struct bp_line line = {.length = 0};
    bp_line_text(&line, name);
    while (line.length < 20)
        bp_line_text(&line, " ");
    bp_line_text(&line, "= ");
    if (value == SIZE_MAX)
        bp_line_text(&line, "none");
    else
        bp_line_decimal(&line, value);
    bp_line_send(&line);
}

static void purge_stats(const struct bp_purge_stats *purge)
{
    stats_line("budget bytes", purge->budget_bytes);
    stats_line("regret bytes", purge->regret_bytes);
    stats_line("limit bytes", purge->limit_bytes);
    stats_line("limit failures", purge->limit_failures);
    stats_line("purges", purge->purges);
    stats_line("purged bytes", purge->purged_bytes);
    stats_line("purge failures", purge->failures);
    stats_line("torn bytes", purge->torn_bytes);
    stats_line("faulted again bytes", purge->faulted_again_bytes);
    stats_line("regretted bytes", purge->regretted_bytes);
}

// To stderr, as glibc's.
void bp_entry_stats(void)
{
    struct bp_stats stats;
    bp_entry_init();
    bp_stats_gather(&stats);
    stats_line("reserved bytes", stats.reserved_bytes);
    stats_line("committed bytes", stats.committed_bytes);
    stats_line("in use bytes", stats.used_bytes);
    stats_line("free bytes", stats.free_bytes);
    stats_line("dirty bytes", stats.dirty_bytes);
    stats_line("direct bytes", stats.direct_bytes);
    stats_line("cached bytes", stats.cached_bytes);
    stats_line("cache share bytes", stats.share_bytes);
    purge_stats(&stats.purge);
}

static void info_class(FILE *stream, const struct bp_class_stats *of)
{
    if (of->used_objects + of->free_objects)
        fprintf(stream, "<class size=\"%zu\" used=\"%zu\" free=\"%zu\"/>\n", of->object_bytes,
                of->used_objects, of->free_objects);
}

static void info_purge(FILE *stream, const struct bp_purge_stats *purge)
{
    if (purge->budget_bytes != SIZE_MAX)
        fprintf(stream, "<purge type=\"budget\" size=\"%zu\"/>\n", purge->budget_bytes);
    fprintf(stream, "<purge type=\"regret\" size=\"%zu\"/>\n", purge->regret_bytes);
    fprintf(stream, "<purge type=\"purged\" count=\"%zu\" size=\"%zu\"/>\n", purge->purges,
            purge->purged_bytes);
    fprintf(stream, "<purge type=\"torn\" size=\"%zu\"/>\n", purge->torn_bytes);
    fprintf(stream, "<purge type=\"again\" size=\"%zu\"/>\n", purge->faulted_again_bytes);
    fprintf(stream, "<purge type=\"regretted\" size=\"%zu\"/>\n", purge->regretted_bytes);
}

// XML in the shape of glibc's: a version, totals, and what makes them up.
int bp_entry_info(int options, FILE *stream)
{
    struct bp_stats stats;
    if (options != 0)
        return 22; // EINVAL, as a value: the function answers like glibc's
    bp_entry_init();
    bp_stats_gather(&stats);
    fputs("<malloc version=\"bumpalloc-1\">\n<heap nr=\"0\">\n<sizes>\n", stream);
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
        info_class(stream, &stats.of_class[i]);
    fprintf(stream, "</sizes>\n</heap>\n<total type=\"used\" size=\"%zu\"/>\n", stats.used_bytes);
    fprintf(stream, "<total type=\"rest\" size=\"%zu\"/>\n", stats.free_bytes);
    fprintf(stream, "<total type=\"mmap\" size=\"%zu\"/>\n", stats.direct_bytes);
    info_purge(stream, &stats.purge);
    fprintf(stream, "<system type=\"current\" size=\"%zu\"/>\n",
            stats.committed_bytes + stats.direct_bytes);
    fputs("</malloc>\n", stream);
    return 0;
}
