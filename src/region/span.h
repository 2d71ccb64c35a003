// SPDX-License-Identifier: MIT
// Spans: a chunk that serves one small size class; or adjacent chunks that hold one large object,
// when there are no class regions. Bookkeeping is out of line, one record a chunk. Invariants:
//  1. The record of a span is that of its first chunk; every chunk's record names it.
//  2. Objects lie at multiples of the class's bytes from the span's start. The last fresh_count
//     of them were never handed out. A heap that bumps through them "runs" the span, and notes how
//     far it goes before it goes there: a block that is freed was noted first.
//  3. free_count objects are free: chained hole by hole (region/span_holes.h), or, when the pages
//     behind them were given back, all those of the holes marked in `punched`. All others are in
//     use, or in magazines.
//  4. A span stands in a list of its class by fullness when it has free objects, or fresh ones
//     that nobody runs. Free objects are taken from the fullest spans, so the emptiest drain.
//  5. A span that nobody runs and of which nothing is in use gives its chunks back at once.
//  6. The owner in a span's key is a hint, for the magazine that an object is freed to: it may
//     change at any time.
// Functions named _locked need the depot lock of the class.
#ifndef BP_REGION_SPAN_H
#define BP_REGION_SPAN_H

#include "base/atomics.h"
#include "base/attr.h"
#include "base/limits.h"
#include "region/hole.h"
#include "reserve/meta.h"
#include "reserve/reserve.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BP_SPAN_BUCKETS = 4, BP_SPAN_LISTS = BP_SPAN_BUCKETS + 1 };

// The free objects of a hole, as region/span_holes.h says.
struct bp_hole_chain {
    uint16_t head, tail, count;
};

struct bp_span {
    uint16_t free_count;
    uint16_t fresh_count; // written by who runs the span; else under the lock
    uint16_t object_count;
    uint16_t punched, stocked, ripe; // a bit for each hole
    uint8_t class_index;             // 0: one large object
    uint8_t list;                    // 1 + index of the list it stands in, 0 for none
    bool running;
    uint32_t first_chunk; // of the span this chunk belongs to; 0 in no span
    uint32_t next, prev;  // in a list, by first chunk
    uint32_t chunk_count;
    struct bp_hole_chain chain[BP_HOLES_MAX];
};

// A class's spans. Bucket 0 holds the fullest; the last list those with fresh objects alone.
struct bp_span_lists {
    uint32_t head[BP_SPAN_LISTS];
    uint32_t span_count;      // of the class, in a list or not
    uint32_t free_objects;    // free in them
    uint32_t marked_objects;  // of them: in punched holes
    uint32_t faulted_objects; // gathered although punched, since somebody looked
};

static inline struct bp_span *bp_span_at(uint32_t chunk)
{
    return (struct bp_span *)bp_meta_begin(BP_META_SPANS) + chunk;
}

// Pages are copied one by one at a fork: a block may be younger than the note of its span. Set in
// the child alone, before it has a second thread.
extern bool bp_span_notes_lost;
void bp_span_lose_notes(void);

// Does an object start there that was handed out once? The pointer is in a span of the class. Needs
// no lock: who has the object has it from who noted it first.
static inline bool bp_span_has(unsigned class_index, const void *pointer)
{
    const struct bp_span *span = bp_span_at(bp_chunk_of(pointer));
    uint32_t bytes = bp_class[class_index].object_bytes;
    uint32_t offset = (uint32_t)((size_t)pointer % BP_CHUNK_BYTES);
    uint32_t fresh_bytes = bp_peek_u16_relaxed(&span->fresh_count) * bytes;
    bool begun = offset + fresh_bytes < bp_class[class_index].span_objects * bytes;
    return bp_class_starts(class_index, pointer) && (BP_LIKELY(begun) || bp_span_notes_lost);
}

// Is there a span of the class that begins with the chunk? Any chunk may be asked about.
bool bp_span_serves_locked(uint32_t chunk, unsigned class_index);

// Puts an object that no one uses back into its span.
void bp_span_put_locked(struct bp_span_lists *lists, void *object);
// Takes up to `wanted` free objects as a chain; returns how many. A span that is mostly free
// changes to this owner.
uint32_t bp_span_gather_locked(struct bp_span_lists *lists, unsigned owner, uint32_t wanted,
                               void **ret_chain);
// A hint, of any chunk, without the lock: is there a span with enough holes that are free?
bool bp_span_looks_worth(uint32_t chunk);
// Its holes that are free as a whole, not punched, and worth system calls; with `all` also those
// that stand alone. 0 if they come to too little.
uint32_t bp_span_worth_locked(struct bp_span *span, bool all);
// All objects of these holes leave the span, as if for a magazine, and so do those of punched
// holes. Returns both; of none nothing leaves.
uint32_t bp_span_withdraw_locked(struct bp_span_lists *lists, struct bp_span *span, uint32_t fresh);
// Such objects come back marked as punched: nothing is written to them.
void bp_span_mark_locked(struct bp_span_lists *lists, struct bp_span *span, uint32_t holes);
// A parked run of this class, or NULL. The span is running then, and of this owner.
struct bp_span *bp_span_parked_locked(struct bp_span_lists *lists, unsigned owner);
// Ends a run at `cursor`: what lies behind it is parked, or the span is given back.
void bp_span_stop_locked(struct bp_span_lists *lists, struct bp_span *span, const char *cursor);
bool bp_span_has_free(const struct bp_span_lists *lists);

// The spans of the chain's first objects, which nobody else has, change to this owner. Needs no
// lock.
void bp_span_claim(void *chain, uint32_t count, unsigned owner);

// How many objects a magazine of the class had better hold. Of many spans that are nearly empty,
// or half empty, each object in a cache may keep 64 KiB: far more than it is worth.
enum { BP_MAGAZINE_SPARSE = 4, BP_MAGAZINE_THIN = 32 };
uint32_t bp_span_magazine_most(const struct bp_span_lists *lists, unsigned class_index);

// A new running span; NULL if addresses or memory have run out. Needs no lock.
struct bp_span *bp_span_create(unsigned class_index, unsigned owner);
// Who runs the span goes no further than `limit` from now on, until it says so again.
void bp_span_note_limit(struct bp_span *span, const char *limit);
char *bp_span_cursor(const struct bp_span *span);
char *bp_span_end(const struct bp_span *span);

// One large object in chunks of its own; *ret_zero: it reads zero.
void *bp_span_large_take(size_t n_bytes, bool *ret_zero);
// The record of a large object that starts at pointer, or NULL.
struct bp_span *bp_span_large_find(const void *pointer);
// What it has for its user.
static inline size_t bp_span_large_bytes(const struct bp_span *span)
{
    return (size_t)span->chunk_count << BP_CHUNK_SHIFT;
}
void bp_span_large_give(struct bp_span *span);

#endif
