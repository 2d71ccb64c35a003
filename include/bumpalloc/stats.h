// SPDX-License-Identifier: MIT
// What the allocator holds, and what it has done, in numbers.
//
// Everything is read from the structures that the allocator works with, when it is asked for; no
// lock is taken, so reading blocks nobody, and nothing beyond a few tallies is counted while
// programs run. The numbers are exact while no other thread allocates or frees; otherwise an object
// that changes hands may be counted on both sides or on none. All functions may be called from any
// thread at any time, and allocate nothing.
#ifndef BUMPALLOC_STATS_H
#define BUMPALLOC_STATS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// The whole, in bytes unless it says otherwise.
struct bump_stats {
    size_t reserved_bytes;  // addresses
    size_t committed_bytes; // readable and writable in the reservation
    size_t used_bytes;      // objects in use, and what caches of large objects keep
    size_t free_bytes;      // objects free in spans that are in use, and dirty bytes
    size_t dirty_bytes;     // free and holding pages: what bump_purge could give back at most
    size_t cached_bytes;    // of free_bytes: in threads' magazines and those between threads
    size_t span_bytes;      // chunks of small objects
    size_t slot_bytes;      // pages of large objects, cached slots included
    size_t direct_bytes;    // mappings of their own
    size_t share_bytes;     // what one thread may keep of free small objects
    // The purge: what may be dirty now, and why; its decisions since the start.
    size_t budget_bytes;   // SIZE_MAX: anything
    size_t regret_bytes;   // the part of it that memory purged too early has added
    size_t limit_bytes;    // the nearer of BUMPALLOC_LIMIT and the control group's; SIZE_MAX: none
    size_t limit_failures; // requests that BUMPALLOC_LIMIT refused
    size_t purges;         // calls
    size_t purged_bytes;   // given back
    size_t purge_failures; // calls that the system refused
    size_t torn_bytes;     // purged in units of 2 MiB of which other parts stayed in use
    size_t faulted_again_bytes; // purged, and taken into use again
    size_t regretted_bytes;     // of them: so soon that the budget was raised
};

// A small size class.
struct bump_small_class {
    size_t object_bytes;
    size_t used_objects;
    size_t free_objects; // those that were in use once
};

// A power of two, and its slots: first in lgalloc's words (a region is a slot, an area a window of
// slots that was committed in one call), then in ours.
struct bump_large_class {
    size_t class_bytes;
    size_t areas;             // committed since the start
    size_t area_total_bytes;  // of slots that areas hold
    size_t free_regions;      // thread_regions + global_regions + clean_regions
    size_t clean_regions;     // hold nothing, read zero
    size_t global_regions;    // dirty, in the pool that all threads share
    size_t thread_regions;    // in threads' caches
    size_t allocations;       // since the start, malloc's and ours
    size_t slow_path;         // of them: nothing was free anywhere
    size_t refill;            // of them: an area had to be committed
    size_t deallocations;     // since the start
    size_t clear_eager_total; // slots cleared when they were freed, since the start
    size_t clear_slow_total;  // slots cleared later: by the budget, the background thread, a purge
    size_t live_regions;      // in use
    size_t live_bytes;        // what they were asked to hold, in whole pages
    size_t committed_bytes;   // of all slots that were ever in use
    size_t high_water_bytes;  // of the slots that were ever in use at once, and no less
    size_t fallbacks;         // bump_large_alloc found no slot here and asked the next class
    size_t clear_failed;      // slots that the system refused to clear, since the start
};

// The slots of a power of two that are a file's (BUMP_LARGE_FILE).
struct bump_file_class {
    size_t class_bytes;
    size_t live_regions, live_bytes;
    size_t global_regions, clean_regions;
    size_t allocations, deallocations;
    size_t clear_eager_total, clear_slow_total, clear_failed;
    size_t file_bytes;      // the sparse file's length
    size_t allocated_bytes; // what it takes on the disk
};

// The whole.
void bump_stats_get(struct bump_stats *ret_stats);
// Fills in up to `count` small classes, smallest first; returns how many there are.
size_t bump_stats_small(struct bump_small_class *ret_classes, size_t count);
// The same for powers of two; none without class regions (a small reservation).
size_t bump_stats_large(struct bump_large_class *ret_classes, size_t count);
// The same for class files; all zero, but for their sizes, before one is asked for.
size_t bump_stats_files(struct bump_file_class *ret_classes, size_t count);

// What of the process's resident memory is the reservation's: pages with memory behind them. What
// is above used_bytes here is dirty, or between objects.
struct bump_resident {
    size_t chunk_bytes; // small objects; without class regions, large ones too
    size_t slot_bytes;  // large objects, and slots that are kept
    size_t meta_bytes;
};

// Asks the system, page by page: a millisecond for some gigabytes. 0, or -ENOMEM (the system cannot
// tell). Direct mappings and class files are not looked at.
int bump_stats_resident(struct bump_resident *ret_resident);

enum bump_stats_format {
    BUMP_STATS_TEXT,       // lines "name = value", then a table for each kind of class
    BUMP_STATS_JSON,       // one object
    BUMP_STATS_PROMETHEUS, // the text format of Prometheus; names begin with bumpalloc_
    BUMP_STATS_XML,        // as malloc_info writes it
};

// Writes all of it to a file descriptor, as malloc_stats and BUMPALLOC_STATS do; classes that were
// never used are left out. 0, -EINVAL for another format, or what the system says of the descriptor
// (-EBADF, -EPIPE ...).
int bump_stats_write(int file_descriptor, enum bump_stats_format format);

#ifdef __cplusplus
}
#endif

#endif
