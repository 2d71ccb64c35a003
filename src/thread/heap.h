// SPDX-License-Identifier: MIT
// A thread's heap, "the per-thread bump arena": one bin for each small size class, and a few
// large slots. Invariants:
//  1. A live heap belongs to one thread, which alone touches it, but for the words marked
//     shared: others may take what stands there by exchanging it for NULL. The rest can be taken
//     from a heap that was called away (thread/recall.h).
//  2. The heap of a thread that ended is parked, its memory with it, for the next thread, if it
//     keeps little; if not, the depots get what it has.
//  3. The common heap serves threads whose own is gone or cannot be had, under its lock.
//  4. limit is the most objects a magazine of the bin may hold now: it doubles with use (slow
//     start) up to the class's capacity. room == limit - length of the chain. When the class is
//     sparse (bp_depot_give) it halves with every full magazine, and none is kept as spare.
//     capacity_bytes, the limits of all bins in bytes, spares counted, stays within the share of
//     what all threads may keep; a bin that wants more then has another one give up half of its.
//     A bin that is found as it was three times in a row, with 64 slow paths for others in between,
//     is emptied: what it keeps would pin spans that are otherwise free.
//     capacity_bytes counts stray bins too.
//  5. Strays, objects whose chunk has another owner number, are collected in bins of their own and
//     go to the depot as soon as a magazine, smaller than others, is full (thread/strays.h).
//  6. While a spare magazine waits, the run's limit is drawn in to its cursor, so that warm
//     memory is used before fresh; run_end keeps the real end.
#ifndef BP_THREAD_HEAP_H
#define BP_THREAD_HEAP_H

#include "base/atomics.h"
#include "region/depot.h"
#include "reserve/meta.h"
#include "thread/heap_hot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BP_LIMIT_FIRST = 4 }; // objects in a bin's first magazine
enum { BP_CACHED_REGIONS = 6, BP_OWN_SLOTS = 8, BP_SHARED_SLOTS = 4 }; // slots up to 2 MiB

enum bp_heap_state { BP_HEAP_EMPTY, BP_HEAP_LIVE, BP_HEAP_PARKED };

struct bp_slot;

struct bp_bin_cold {
    bp_atomic_ptr spare; // shared: a full magazine
    uint32_t spare_count;
    uint32_t limit;
    uint32_t most; // what limit may grow to: less than the capacity after the class was sparse
    uint32_t until_sample; // objects that a counted heap hands out before one is sampled
    uint8_t due;           // what it is then: enum bp_due (thread/counted.h)
    uint32_t shown;        // objects that its counted bin's chain had at first
    uint32_t hidden_count;
    void *hidden; // free objects that it hands out after those (thread/counted.h)
    char *run_end;
    uint8_t idle_looks;                  // in a row that found the bin as it was
    bool visited;                        // by a slow path since bins were looked at last
    const void *seen_head, *seen_cursor; // then
};

struct bp_stray_cold {
    uint32_t limit; // grows to goal in stretches
    uint32_t goal;
    uint32_t seen_length; // when bins were aged last
    void *noted;          // the head when the last stretch ended, or NULL
};

struct bp_own_slot {
    void *object;
    struct bp_slot *slot; // its record
};

struct bp_slot_cache {
    uint32_t own_count;
    uint32_t seen_count; // own_count and frees when bp_large_age looked last
    size_t seen_frees;
    bp_atomic_u32 own_limit; // the limits are also set by others (bp_large_set_buffer)
    bp_atomic_u32 shared_limit;
    // For statistics, so that a hit counts once: frees that went to own, and what else went there
    // less what left it otherwise than by a hit. Together, less own_count, they are the allocs.
    bp_atomic_size frees, others;
    struct bp_own_slot own[BP_OWN_SLOTS];
    bp_atomic_ptr shared[BP_SHARED_SLOTS]; // shared
};

struct bp_heap {
    struct bp_heap_hot hot;
    uint32_t owner;       // the owner number that its keys have
    uint32_t stray_seen;  // a bit for each owner whose objects came here
    bp_atomic_u32 visits; // the owner's, in slow paths that are not over (thread/recall.h)
    uint32_t age;         // slow paths so far
    uint32_t donor;       // the class that was last made to give up capacity
    size_t capacity_bytes;
    size_t parked_bytes;         // what it kept when it was parked
    size_t slots_share_bytes;    // the share that the limits of the slot caches are for
    struct bp_run sequence;      // BUMPALLOC_NOFREE (thread/nofree.h)
    char *sequence_dirty_end;    // bytes from here to the sequence's limit read zero
    size_t sample_mean_bytes;    // between samples; 0: none are taken
    uint64_t until_sample_bytes; // of large objects
    size_t guard_every;          // objects of which one is guarded; 0: none is
    uint32_t until_guard;        // of large objects
    bool counted;                // for either (thread/counted.h)
    unsigned window_class;       // of which an object is guarded soon; 0: none (thread/window.h)
    int64_t until_window;        // objects
    uint64_t window_ns;          // when they were counted last
    uint64_t random;
    struct bp_heap *next;     // in the registry's lists
    struct bp_heap_hot **tls; // where the owner finds it; NULL: no thread does
    enum bp_heap_state state;
    uint64_t away; // called away, in this round: the owner is to come home before it touches it
    bool emptied;  // and meanwhile emptied
    struct bp_slot_cache slots[BP_CACHED_REGIONS];
    struct bp_bin_cold cold[BP_CLASS_COUNT];
    struct bp_stray_cold stray[BP_OWNER_COUNT][BP_CLASS_COUNT];
};
_Static_assert(sizeof(struct bp_heap) <= BP_HEAP_RECORD_BYTES, "meta.h counts on it");

// The constant heaps of threads that have none yet, or none any more, or whose heap was called
// away. All are zero, so the same zeros serve them, a bin apart.
extern BP_HIDDEN const struct bp_heap_zeros {
    struct bp_heap_hot hot;
    struct bp_bin more[2];
} bp_heap_zeros;
#define BP_HEAP_ZEROS(step)                                                                        \
    (*(const struct bp_heap_hot *)(const void *)&bp_heap_zeros.hot.bin[step])
#define bp_heap_none  BP_HEAP_ZEROS(0)
#define bp_heap_ended BP_HEAP_ZEROS(1)
#define bp_heap_away  BP_HEAP_ZEROS(2)

// What each heap may keep; follows the number of threads and processors.
extern bp_atomic_size bp_heap_share_bytes;

// A small object of the class; NULL if addresses or memory have run out.
void *bp_heap_alloc(struct bp_heap *heap, unsigned class_index);
// A small object goes into the bin of its key; the bin may be full.
void bp_heap_free(struct bp_heap *heap, size_t key, void *object);
// The bin that serves malloc.
static inline struct bp_bin *bp_heap_own_bin(struct bp_heap *heap, unsigned class_index)
{
    return bp_heap_bin(&heap->hot, bp_key(class_index, heap->owner));
}
// The same for a counted heap, past its counted bins.
void *bp_heap_alloc_uncounted(struct bp_heap *heap, unsigned class_index);
// The next free objects of a class: the spare, strays in bulk, or the depot's; head NULL if there
// are none.
struct bp_magazine bp_heap_next_magazine(struct bp_heap *heap, unsigned class_index);
// Opens a part of the class's run, another run if it is used up: false if none can be had.
bool bp_heap_open_run(struct bp_heap *heap, unsigned class_index);
// Everything in the bins and runs goes to the depot's spans.
void bp_heap_flush(struct bp_heap *heap);
// What the bins and spares of a heap that is nobody's hold, strays too.
size_t bp_heap_kept_bytes(struct bp_heap *heap);
// What the bins hold goes to the depot as magazines, for other threads; runs end.
void bp_heap_hand_over(struct bp_heap *heap);
// The spare magazines of any heap go to the depot's spans.
void bp_heap_flush_spares(struct bp_heap *heap);
// What is behind the first objects of the bins' chains goes to the depot's spans, although the
// owner may be within one operation of the hot path. bp_heap_settle is due before it goes on.
void bp_heap_empty(struct bp_heap *heap);
// Makes room agree with the chains again.
void bp_heap_settle(struct bp_heap *heap);

#endif
