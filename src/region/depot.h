// SPDX-License-Identifier: MIT
// The depot: what all threads share of each small size class. Whole magazines change hands, one
// lock for as many objects as they hold (Bonwick and Adams, "Magazines and Vmem", 2001).
//  1. A magazine is a NULL-terminated chain of free objects of one class, linked by their first
//     words. The depot keeps a few; what is given beyond that, still warm, is sorted into its
//     spans.
//  2. Whoever asks gets the newest magazine of his owner's, else the newest, else objects gathered
//     from partly free spans.
//  3. Pages of which all objects are free go back too, of spans of a sparse class, when what all
//     spans have free exceeds the budget of dirty bytes: the span is "punched" (after fallocate's
//     hole punching).
//  4. A magazine that is given is held against what it must be, or the process ends
//     (region/chain.h); not with BUMPALLOC_CHECK=0.
//  5. A run is the fresh tail of a span, for one heap alone to bump through.
#ifndef BP_REGION_DEPOT_H
#define BP_REGION_DEPOT_H

#include "base/atomics.h"
#include "base/attr.h"
#include "base/limits.h"

#include "base/attr.h"
#include "core/lock.h"
#include "region/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bp_lock;

struct bp_magazine {
    void *head;
    uint32_t count;
    unsigned owner; // of most of the objects' chunks
};

struct bp_run_bounds {
    char *cursor;
    char *end;
};

// What went through a class's depot since the start. Written under its lock, read without.
struct bp_tally {
    bp_atomic_size stocked_objects;           // in the depot's magazines now
    bp_atomic_size refills, refilled_objects; // magazines that heaps were given
    bp_atomic_size flushes, flushed_objects;  // magazines that heaps gave
    bp_atomic_size sorted_objects;            // back into their spans
    bp_atomic_size runs;                      // spans that heaps began or went on to bump through
    bp_atomic_size peak_spans;
    // With BUMPALLOC_COUNT=1 alone, by whoever allocates; [0] is for large objects.
    bp_atomic_size allocations, frees, peak_objects;
};
extern BP_HIDDEN struct bp_tally bp_tallies[BP_CLASS_COUNT];

enum { BP_DEPOT_SLOTS = 4, BP_PUNCH_SPANS_MAX = 8 }; // 8: looked at with one magazine

// What others read of it is for debuggers alone (api/view.h).
struct bp_depot {
    struct bp_lock lock; // rank DEPOT: guards all of it, and the records of the class's spans
    bp_atomic_u32 used;  // enum depot_use: since bp_depot_drain_idle looked last
    uint32_t count;
    struct bp_magazine stack[BP_DEPOT_SLOTS];
    struct bp_span_lists lists;
    uint32_t punch_time; // when pages behind its free objects were given back last, or 0
    uint32_t wanted[BP_PUNCH_SPANS_MAX]; // chunks of spans that may be worth punching
    bp_atomic_u32 wanted_count;          // read without the lock as a hint
    uint32_t noted_free, noted_marked;   // the lists' objects as bp_counters knows them
    bp_atomic_u32 stock; // not 0 if there is something to take; read without the lock as a hint
} BP_LINE_ALIGNED;
extern struct bp_depot bp_depots[BP_CLASS_COUNT];

// Before the process allocates: saves page faults, no more.
void bp_depot_init(void);

// A magazine of at most `wanted` objects unless it comes as a whole; head NULL if there is none.
struct bp_magazine bp_depot_take(unsigned class_index, unsigned owner, uint32_t wanted);
// Answers how many objects a magazine had better hold (bp_span_magazine_most); of a sparse class
// the depot itself keeps none.
uint32_t bp_depot_give(unsigned class_index, struct bp_magazine magazine);
// The same, faster; noted: see region/chain.h.
uint32_t bp_depot_give_noted(unsigned class_index, struct bp_magazine magazine, const void *noted);
// Every object of the chain goes to its span.
void bp_depot_sort(unsigned class_index, void *chain);
// Sorts all magazines of all classes.
void bp_depot_drain(void);
// Those of classes that nobody asked about since this was called last.
void bp_depot_drain_idle(void);

// A run for the calling heap; cursor NULL if addresses or memory have run out.
struct bp_run_bounds bp_depot_run_take(unsigned class_index, unsigned owner);
// The heap is done with its run, all of it bumped or not.
void bp_depot_run_give(unsigned class_index, const char *cursor, const char *end);

// Gives back the pages that free objects cover, of all spans; returns the bytes.
size_t bp_depot_punch_all(void);
// The same for the spans that the class's last magazine went to, and a few others, if the class is
// sparse and the budget exceeded. No locks held.
void bp_depot_punch_wanted(unsigned class_index);

struct bp_lock *bp_depot_lock(unsigned class_index);
// Objects that wait in the class's magazines.
static inline uint32_t bp_depot_object_count(unsigned class_index)
{
    return (uint32_t)bp_load_relaxed(&bp_tallies[class_index].stocked_objects);
}
#endif
