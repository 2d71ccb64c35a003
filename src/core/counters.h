// SPDX-License-Identifier: MIT
// Process-wide tallies that slow paths keep, in bytes or events. Relaxed throughout: they steer
// policy and feed statistics, and nothing is published by them.
#ifndef BP_CORE_COUNTERS_H
#define BP_CORE_COUNTERS_H

#include "base/atomics.h"
#include "base/attr.h"

struct bp_counters {
    bp_atomic_size span_bytes;        // chunks that serve spans
    bp_atomic_size slot_bytes;        // usable bytes of slots outside the pools
    bp_atomic_size direct_bytes;      // direct mappings
    bp_atomic_size dirty_bytes;       // free chunks and pooled slots that hold pages
    bp_atomic_size span_free_bytes;   // free objects in spans that are in use
    bp_atomic_size span_marked_bytes; // of them: in holes
    bp_atomic_size punched_bytes;     // pages behind them that were given back, since the start
    bp_atomic_size run_bytes;         // spans that heaps bump through: how far is not known
    bp_atomic_size committed_bytes;   // readable and writable, metadata included
    bp_atomic_size returns;           // times that a cache, depot or pool took something back
    bp_atomic_size peak_used_bytes;   // spans, slots and direct mappings in use, at most so far
    bp_atomic_size direct_count;      // direct mappings, overflow spans among them
    bp_atomic_size steals;            // slots taken from where other threads' heaps show them
    bp_atomic_size recalls;           // heaps emptied while their threads were idle
    // Guarded objects (guard/guard.h): now, their bytes; since the start; and those that could not
    // be.
    bp_atomic_size guarded_objects, guarded_bytes, guards, guards_refused;
    bp_atomic_size commit_failures;
    bp_atomic_size limit_failures;   // requests that the limit refused
    bp_atomic_size fresh_slot_bytes; // pages that slots were given to fault in, since the start
    bp_atomic_size huge_slots;   // slots whose pages were asked to be huge: mappings of their own
    bp_atomic_size moved_pieces; // of slots: mappings that do not merge
    // The purge's decisions, since the start.
    bp_atomic_size purges;         // calls
    bp_atomic_size purged_bytes;   // given back
    bp_atomic_size purge_failures; // calls that the system refused
    bp_atomic_size torn_bytes;     // of them: in units of 2 MiB of which the rest stayed in use
    bp_atomic_size faulted_again_bytes; // purged, and taken into use again
    bp_atomic_size regretted_bytes;     // of them: so soon that the budget was raised
};

extern struct bp_counters bp_counters BP_LINE_ALIGNED;

#endif
