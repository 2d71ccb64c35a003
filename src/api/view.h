// SPDX-License-Identifier: MIT
// What statistics are gathered from: the library's state, in place or as a copy. Invariants:
//  1. A part is an object of the library's, named here once. bp_page says where each one is, and
//     an ELF note where bp_page is; so another process finds all of it in a live process, or in a
//     core dump, without symbols.
//  2. Where a part's size is not what the reader was compiled with, the reader is of another
//     version and has to say so.
//  3. Nothing is gathered through pointers that stand in a part, but for the metadata areas, whose
//     addresses the view has itself (meta_start): a copy's are those of the copy.
//  4. The layout of bp_page may change with every version, but for magic, layout and version.
#ifndef BP_API_VIEW_H
#define BP_API_VIEW_H

#include "base/attr.h"
#include "reserve/meta.h"

#include <stddef.h>
#include <stdint.h>

enum bp_part {
    BP_PART_RESERVATION, // struct bp_reservation
    BP_PART_HOT,         // struct bp_hot
    BP_PART_COUNTERS,    // struct bp_counters
    BP_PART_OPTIONS,     // struct bp_options
    BP_PART_META_START,  // char *[BP_META_COUNT]
    BP_PART_META_COMMITTED,
    BP_PART_META_SKIPPED,
    BP_PART_TALLIES,    // struct bp_tally [BP_CLASS_COUNT]
    BP_PART_HEAP_COUNT, // bp_atomic_u32
    BP_PART_HEAP_SHARE, // bp_atomic_size
    BP_PART_BUDGET,     // struct bp_budget
    BP_PART_LIMIT,      // size_t
    BP_PART_DEPOTS,     // struct bp_depot [BP_CLASS_COUNT]
    BP_PART_REGIONS,    // struct bp_class_region [BP_REGION_COUNT]
    BP_PART_COUNT,
};

enum { BP_PAGE_LAYOUT = 1 };
#define BP_PAGE_MAGIC "bumppage"
#define BP_NOTE_NAME  "bumpalloc" // the note's owner; its type is BP_NOTE_TYPE
enum { BP_NOTE_TYPE = 1 };        // its 8 bytes: where bp_page is, from their own address on

struct bp_page_part {
    const void *address;
    size_t n_bytes;
};

struct bp_page {
    char magic[8];
    uint32_t layout;
    uint32_t part_count;
    char version[16];
    struct bp_page_part part[BP_PART_COUNT];
    // What may be written from outside:
    void *outside;      // struct bp_outside
    void *worker_state; // bp_worker_state
};

extern BP_HIDDEN const struct bp_page bp_page;

struct bp_view {
    const void *part[BP_PART_COUNT];
    const char *meta_start[BP_META_COUNT];
};

// The library's own state, as it is.
struct bp_view bp_view_own(void);

#endif
