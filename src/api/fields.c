// SPDX-License-Identifier: MIT
#include "api/format.h"

#define TOTAL(member)  offsetof(struct bp_stats, member)
#define CLASS(member)  offsetof(struct bp_class_stats, member)
#define REGION(member) offsetof(struct bp_region_stats, member)
#define FILES(member)  offsetof(struct bp_file_stats, member)

static const struct bp_field totals[] = {
    {"reserved bytes", TOTAL(reserved_bytes), 'g', "address space, without memory behind it"},
    {"arena bytes", TOTAL(arena_bytes), 'g', "of it: in use for small objects so far"},
    {"committed bytes", TOTAL(committed_bytes), 'g', "of it: readable and writable"},
    {"metadata bytes", TOTAL(meta_bytes), 'g', "of them: the library's own records"},
    {"in use bytes", TOTAL(used_bytes), 'g', "objects that the program holds"},
    {"in use objects", TOTAL(used_objects), 'g', "small ones of them"},
    {"peak bytes", TOTAL(peak_used_bytes), 'g', "most that spans, slots and mappings ever held"},
    {"free bytes", TOTAL(free_bytes), 'g', "free objects, cached slots and dirty memory"},
    {"dirty bytes", TOTAL(dirty_bytes), 'g', "free chunks and slots that hold pages"},
    {"clean bytes", TOTAL(clean_bytes), 'g', "behind free objects of spans, given back"},
    {"fresh bytes", TOTAL(fresh_bytes), 'g', "in spans, never used"},
    {"cached bytes", TOTAL(cached_bytes), 'g',
     "free objects and slots that threads and depots keep"},
    {"span bytes", TOTAL(span_bytes), 'g', "chunks of small objects"},
    {"slot bytes", TOTAL(slot_bytes), 'g', "large objects, cached ones included"},
    {"direct bytes", TOTAL(direct_bytes), 'g', "mappings outside the reservation"},
    {"direct mappings", TOTAL(direct_count), 'g', "how many"},
    {"cache share bytes", TOTAL(share_bytes), 'g', "what one thread may keep"},
    {"heaps", TOTAL(heaps), 'g', "thread heaps in use, the common one included"},
    {"slot steals", TOTAL(steals), 'c', "slots taken from other threads"},
    {"recalled heaps", TOTAL(recalls), 'c', "heaps of idle threads that were emptied"},
    {"moved pieces", TOTAL(moved_pieces), 'g', "mappings of their own, after pages moved"},
    {"guarded objects", TOTAL(guarded_objects), 'g',
     "in use between guard pages (BUMPALLOC_GUARD)"},
    {"guarded bytes", TOTAL(guarded_bytes), 'g', "theirs"},
    {"guards", TOTAL(guards), 'c', "objects that were guarded"},
    {"guards refused", TOTAL(guards_refused), 'c', "no place, too soon, too large or aligned"},
    {"commit failures", TOTAL(commit_failures), 'c', "times that the system refused memory"},
    {"limit failures", TOTAL(purge.limit_failures), 'c', "requests that the limit refused"},
    {"limit bytes", TOTAL(purge.limit_bytes), 'g', "the user's or the control group's limit"},
    {"budget bytes", TOTAL(purge.budget_bytes), 'g', "what may be dirty now"},
    {"regret bytes", TOTAL(purge.regret_bytes), 'g', "the part of it that purging too early added"},
    {"purges", TOTAL(purge.purges), 'c', "calls that gave memory back"},
    {"purged bytes", TOTAL(purge.purged_bytes), 'c', "given back"},
    {"punched bytes", TOTAL(purge.punched_bytes), 'c', "of them: behind free objects"},
    {"purge failures", TOTAL(purge.failures), 'c', "calls that the system refused"},
    {"torn bytes", TOTAL(purge.torn_bytes), 'c', "purged in huge pages of which a part stayed"},
    {"faulted again bytes", TOTAL(purge.faulted_again_bytes), 'c', "purged, and used again"},
    {"regretted bytes", TOTAL(purge.regretted_bytes), 'c', "of them: soon after"},
    {"allocations", TOTAL(allocations), 'c', "calls (BUMPALLOC_COUNT=1)"},
    {"frees", TOTAL(frees), 'c', "calls (BUMPALLOC_COUNT=1)"},
    {"moving", TOTAL(moving), 'g', "1: the program allocated meanwhile, so sums may not agree"},
};

static const struct bp_field classes[] = {
    {"object bytes", CLASS(object_bytes), 'g', "size of the class"},
    {"in use", CLASS(used_objects), 'g', "objects that the program holds"},
    {"free", CLASS(free_objects), 'g', "free objects"},
    {"cached", CLASS(cached_objects), 'g', "of them: with threads and the depot"},
    {"spans", CLASS(spans), 'g', "64 KiB each, committed"},
    {"peak spans", CLASS(peak_spans), 'g', "most at one time"},
    {"clean bytes", CLASS(clean_bytes), 'g', "behind free objects, given back"},
    {"refills", CLASS(refills), 'c', "magazines that threads took from the depot"},
    {"refilled", CLASS(refilled_objects), 'c', "objects in them"},
    {"flushes", CLASS(flushes), 'c', "magazines that threads gave to the depot"},
    {"flushed", CLASS(flushed_objects), 'c', "objects in them"},
    {"sorted", CLASS(sorted_objects), 'c', "objects sorted back into their spans"},
    {"runs", CLASS(runs), 'c', "spans that threads bumped through"},
    {"allocations", CLASS(allocations), 'c', "calls (BUMPALLOC_COUNT=1)"},
    {"frees", CLASS(frees), 'c', "calls (BUMPALLOC_COUNT=1)"},
    {"peak", CLASS(peak_objects), 'g', "most objects held at one time (BUMPALLOC_COUNT=1)"},
};

static const struct bp_field regions[] = {
    {"slot bytes", REGION(slot_bytes), 'g', "size of the class"},
    {"in use", REGION(used_slots), 'g', "slots that the program holds"},
    {"in use bytes", REGION(used_bytes), 'g', "usable bytes in them"},
    {"cached", REGION(cached_slots), 'g', "slots that threads keep"},
    {"cached bytes", REGION(cached_bytes), 'g', "pages in them"},
    {"dirty", REGION(dirty_slots), 'g', "free slots that hold pages"},
    {"dirty bytes", REGION(dirty_bytes), 'g', "pages in them"},
    {"clean", REGION(clean_slots), 'g', "free slots that hold none"},
    {"committed bytes", REGION(committed_bytes), 'g', "readable and writable"},
    {"cut bytes", REGION(cut_bytes), 'g', "slots that were ever in use"},
    {"window bytes", REGION(window_bytes), 'g', "committed many slots at a time"},
    {"allocations", REGION(allocations), 'c', "slots handed out"},
    {"frees", REGION(frees), 'c', "slots freed"},
    {"fresh", REGION(fresh), 'c', "allocations that found nothing free"},
    {"refills", REGION(refills), 'c', "of them: something had to be committed"},
    {"cleared on free", REGION(cleared_on_free), 'c', "slots given back as they were freed"},
    {"cleared later", REGION(cleared_later), 'c', "slots given back by a purge"},
    {"clear failures", REGION(clear_failures), 'c', "slots that the system refused to clear"},
    {"fallbacks", REGION(fallbacks), 'c', "requests that found no slot here"},
};

static const struct bp_field files[] = {
    {"slot bytes", FILES(slot_bytes), 'g', "size of the class"},
    {"in use", FILES(used_slots), 'g', "slots in a file that the program holds"},
    {"in use bytes", FILES(used_bytes), 'g', "usable bytes in them"},
    {"dirty", FILES(dirty_slots), 'g', "free slots that take space"},
    {"clean", FILES(clean_slots), 'g', "free slots that take none"},
    {"file bytes", FILES(file_bytes), 'g', "length of the sparse file"},
    {"disk bytes", FILES(allocated_bytes), 'g', "what it takes on the disk"},
    {"allocations", FILES(allocations), 'c', "slots handed out"},
    {"frees", FILES(frees), 'c', "slots freed"},
    {"cleared on free", FILES(cleared_on_free), 'c', "slots given back as they were freed"},
    {"cleared later", FILES(cleared_later), 'c', "slots given back by a purge"},
    {"clear failures", FILES(clear_failures), 'c', "slots that the system refused to clear"},
};

const struct bp_field *bp_field_at(enum bp_table table, unsigned index)
{
    static const struct {
        const struct bp_field *rows;
        unsigned count;
    } tables[] = {
        {totals, sizeof(totals) / sizeof(totals[0])},
        {classes, sizeof(classes) / sizeof(classes[0])},
        {regions, sizeof(regions) / sizeof(regions[0])},
        {files, sizeof(files) / sizeof(files[0])},
    };
    return index < tables[table].count ? &tables[table].rows[index] : NULL;
}
