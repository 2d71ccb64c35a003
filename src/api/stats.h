// SPDX-License-Identifier: MIT
// A snapshot of what the allocator holds, gathered by walking its structures on demand: nothing
// is counted while programs run. Exact when no other thread allocates, never torn by a lock
// that is missing: at worst a moving object is counted on both sides, or on none.
#ifndef BP_API_STATS_H
#define BP_API_STATS_H

#include "base/limits.h"

#include <stddef.h>

struct bp_class_stats {
    size_t object_bytes;
    size_t used_objects;
    size_t free_objects; // in bins, magazines and spans; never-used ones are not counted
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
};

struct bp_stats {
    size_t reserved_bytes;
    size_t committed_bytes; // in the reservation
    size_t span_bytes;      // chunks of small objects
    size_t slot_bytes;      // pages of large objects, cached slots included
    size_t direct_bytes;    // direct mappings
    size_t dirty_bytes;     // free, holding pages
    size_t used_bytes;      // objects in use
    size_t free_bytes;      // objects free in spans that are in use, and dirty bytes
    size_t cached_bytes;    // of free_bytes: in threads' magazines and the depot's
    size_t share_bytes;     // what one thread's magazines may hold
    size_t trimmable_bytes; // what a trim could give back at most
    struct bp_purge_stats purge;
    struct bp_class_stats of_class[BP_CLASS_COUNT];
};

void bp_stats_gather(struct bp_stats *ret_stats);

#endif
