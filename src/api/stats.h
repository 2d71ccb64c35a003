// SPDX-License-Identifier: MIT
// A snapshot of what the allocator holds, gathered on demand from its structures, in place or from
// a copy (api/view.h). Invariants:
//  1. The hot path counts nothing. What is held is found by walking spans, slots and heaps; what
//     happened was counted by slow paths.
//  2. Each number is one word, never torn. All of them agree when nobody allocates meanwhile; else
//     an object on the move is counted on both sides, or on none, and `moving` says that it may be
//     so (bp_stats_gather_settled).
//  3. The calls of malloc and free are counted with BUMPALLOC_COUNT=1 alone.
#ifndef BP_API_STATS_H
#define BP_API_STATS_H

#include "base/limits.h"

#include <stddef.h>

struct bp_view;

// Of a small size class; objects are all of object_bytes.
struct bp_class_stats {
    size_t object_bytes;
    size_t used_objects;
    size_t free_objects;   // in bins, magazines and spans; never-used ones are not counted
    size_t cached_objects; // of them: in threads' magazines and the depot's
    size_t spans;          // 64 KiB each, all committed
    size_t peak_spans;
    size_t clean_bytes; // behind free objects, and given back
    // Since the start.
    size_t refills, refilled_objects;        // magazines that threads took from the depot
    size_t flushes, flushed_objects;         // magazines that they gave
    size_t sorted_objects;                   // back into their spans
    size_t runs;                             // spans that threads bumped through
    size_t allocations, frees, peak_objects; // with BUMPALLOC_COUNT=1
};

// Of a class region.
struct bp_region_stats {
    size_t slot_bytes;
    size_t used_slots, used_bytes;
    size_t cached_slots, cached_bytes; // kept by threads
    size_t dirty_slots, dirty_bytes;
    size_t clean_slots;
    size_t committed_bytes;
    size_t cut_bytes;    // of slots that were ever used
    size_t window_bytes; // committed many slots at a time
    // Since the start.
    size_t allocations, frees;
    size_t fresh;                          // of the allocations: nothing was free anywhere
    size_t refills;                        // of them: something had to be committed
    size_t cleared_on_free, cleared_later; // slots
    size_t clear_failures;
    size_t fallbacks; // requests that found no slot here
};

// Of the slots of a power of two that are a file's (region/class_file.h).
struct bp_file_stats {
    size_t slot_bytes;
    size_t used_slots, used_bytes;
    size_t dirty_slots, clean_slots;
    size_t file_bytes;      // the sparse file's length
    size_t allocated_bytes; // what it takes on the disk
    // Since the start.
    size_t allocations, frees;
    size_t cleared_on_free, cleared_later, clear_failures;
};

// The purge's state, and its decisions since the start.
struct bp_purge_stats {
    size_t budget_bytes;        // what may be dirty now; SIZE_MAX: anything
    size_t regret_bytes;        // the part of it that regret has added
    size_t limit_bytes;         // the nearer of the user's and the control group's; SIZE_MAX: none
    size_t limit_failures;      // requests that the user's limit refused
    size_t purges;              // calls
    size_t purged_bytes;        // given back
    size_t failures;            // calls that the system refused
    size_t torn_bytes;          // purged in units of 2 MiB of which other parts stayed in use
    size_t faulted_again_bytes; // purged, and taken into use again
    size_t regretted_bytes;     // of them: so soon that the budget was raised
    size_t punched_bytes;       // given back behind free objects
};

struct bp_stats {
    size_t reserved_bytes;
    size_t arena_bytes;     // of the reservation: arena area below the frontier
    size_t committed_bytes; // in the reservation
    size_t meta_bytes;      // of them: metadata
    size_t span_bytes;      // chunks of small objects
    size_t slot_bytes;      // pages of large objects, cached slots included
    size_t run_bytes;       // of slot_bytes: large objects in chunks, without class regions
    size_t direct_bytes;    // direct mappings
    size_t direct_count;
    size_t dirty_bytes;     // free, holding pages
    size_t clean_bytes;     // within spans: free, given back
    size_t fresh_bytes;     // within spans: never used
    size_t used_bytes;      // objects in use
    size_t used_objects;    // small ones
    size_t free_bytes;      // objects free in spans that are in use, and dirty bytes
    size_t cached_bytes;    // in threads' magazines and slots, and in the depot
    size_t peak_used_bytes; // most that spans, slots and direct mappings ever held together
    size_t share_bytes;     // what one thread's magazines may hold
    size_t heaps;           // threads with a heap of their own, the common one included
    size_t trimmable_bytes; // what a trim could give back of dirty memory
    size_t steals;          // slots taken from other threads' heaps
    size_t recalls;         // heaps of idle threads that were emptied
    size_t moved_pieces;    // pieces of slots that were moved, and are mappings of their own
    size_t guarded_objects, guarded_bytes; // between guards (BUMPALLOC_GUARD)
    size_t guards, guards_refused;         // of those chosen: done, and not
    size_t commit_failures;
    size_t allocations, frees; // with BUMPALLOC_COUNT=1
    size_t moving;             // 1: somebody allocated meanwhile
    struct bp_purge_stats purge;
    struct bp_class_stats of_class[BP_CLASS_COUNT];
    struct bp_region_stats of_region[BP_REGION_COUNT];
    struct bp_file_stats of_file[BP_REGION_COUNT]; // gathered in place alone
};

void bp_stats_gather(struct bp_stats *ret_stats);
void bp_stats_gather_from(const struct bp_view *view, struct bp_stats *ret_stats);
// Gathers again, a few times, until nothing has changed in between.
void bp_stats_gather_settled(struct bp_stats *ret_stats);

#endif
