// SPDX-License-Identifier: MIT
// A bump arena: objects side by side, given back all at once, or down to a mark.
//
// An arena reserves addresses once and takes memory as its cursor moves, in steps of 64 KiB and
// more. To allocate is to align the cursor, compare, and add: inlined, without a call. What comes
// last can be resized and freed in place; everything above a mark can be dropped; a reset drops
// everything and keeps as much memory as the arena has lately needed, by an estimate that learns.
//
// A struct bump_arena lives wherever its user puts it, must not be moved once in use, and starts as
// all zeros: its first allocation creates it with BUMP_ARENA_DEFAULT_BYTES. Its fields are private.
//
// An arena is used by one thread at a time. With BUMP_ARENA_SHARED the calls that say so may be
// made by any number of threads at once, without locks; all others still need the arena for
// themselves. After fork the child has a copy of its own.
//
// After Zig-TempAllocator (mark, reset and its estimate, high water), v_alloc and bump_alloc.
#ifndef BUMPALLOC_ARENA_H
#define BUMPALLOC_ARENA_H

#include "region.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BUMP_ARENA_DEFAULT_BYTES ((size_t)1 << 30)

// Alignment that suits every type.
#define BUMP_ALIGN ((size_t)16)

enum bump_arena_flag {
    BUMP_ARENA_SHARED = 1, // threads may allocate at once; not with BUMP_ARENA_CHAIN
    BUMP_ARENA_CHAIN = 2,  // when it is full, go on in a further reservation
    BUMP_ARENA_STRICT = 4, // memory is behind every page that is committed: no surprise later
    BUMP_ARENA_LAX = 8,    // committing is not accounted, where a system can do without
    BUMP_ARENA_HUGE = 16,  // ask for huge pages
};

enum { BUMP_ARENA_MARKS = 16 };

// How the estimate of what is needed moves at each reset, in 1024ths of its distance to what was
// used; at most 1024.
struct bump_arena_learning {
    uint32_t contract;      // downwards; default 1: half of a surplus is forgotten in 710 resets
    uint32_t expand;        // upwards; default 64: half of the way in 11 resets
    uint32_t expand_fast;   // upwards, when two uses in a row were above all that was kept; 1024
    uint32_t patience_uses; // resets that a surplus must last before it goes back; default 0
};

// A place to rewind to. Its fields are private; copies are as good as the original.
struct bump_mark {
    const void *arena;
    size_t offset_bytes;
    uint64_t serial;
};

// Private.
struct bump_arena_place {
    uint64_t serial;
    size_t offset_bytes;
};

// Private.
struct bump_arena {
    char *cursor; // of a shared arena both are NULL, so that every request takes the other path
    char *limit;
    char *first;
    char *dirty_end;
    void *earlier;
    size_t earlier_bytes;
    size_t shared_bytes;
    size_t shared_committed_bytes;
    size_t shared_low_bytes;
    size_t high_water_bytes;
    size_t estimate_bytes;
    size_t previous_bytes;
    size_t segment_bytes;
    struct bump_arena_learning learning;
    uint32_t surplus_resets;
    uint32_t threads_inside;
    unsigned flags;
    uint32_t mark_count;
    uint64_t serial;
    void *older_marks;
    struct bump_arena_place mark[BUMP_ARENA_MARKS];
    struct bump_region region;
};

// Reserves addresses for max_bytes, rounded up to whole pages (0: BUMP_ARENA_DEFAULT_BYTES), and
// commits nothing. flags is a sum of enum bump_arena_flag. -EBUSY if the arena exists already;
// -EINVAL; -ENOMEM.
int bump_arena_create(struct bump_arena *arena, size_t max_bytes, unsigned flags);
// Gives everything back and zeroes the struct; nothing happens to a zeroed one.
void bump_arena_destroy(struct bump_arena *arena);

// What bump_arena_alloc calls when its cursor does not reach.
void *bump_arena_alloc_slow(struct bump_arena *arena, size_t n_bytes, size_t align);

// n_bytes of memory, its content not defined, its address a multiple of align: any power of two.
// NULL if the arena is full, the system has no more memory, or align is no power of two; nothing is
// lost by it. 0 bytes are taken for 1, so that no two objects have the same address. Threads may
// call it at once on a shared arena.
static inline void *bump_arena_alloc(struct bump_arena *arena, size_t n_bytes, size_t align)
{
    // The limit is a multiple of 4096, so up to that alignment the aligned cursor does not pass it.
    bool plain = align - 1 < 4096 && (align & (align - 1)) == 0;
    char *start = (char *)(((uintptr_t)arena->cursor + (align - 1)) & ~(uintptr_t)(align - 1));
    if (plain && n_bytes - 1 < (size_t)((uintptr_t)arena->limit - (uintptr_t)start)) {
        arena->cursor = start + n_bytes;
        return start;
    }
    return bump_arena_alloc_slow(arena, n_bytes, align);
}

// Zeroed memory for count objects of n_bytes; memory that was never used is not written to. NULL
// also if the product does not fit. Threads may call it at once on a shared arena.
void *bump_arena_calloc(struct bump_arena *arena, size_t count, size_t n_bytes, size_t align);
// Changes the size of an object of old_bytes in place. Shrinking always succeeds, and the last
// object gives its bytes back; growing succeeds for the last object while there is room. false:
// nothing has changed. Threads may call it at once on a shared arena, each for its own objects.
bool bump_arena_resize(struct bump_arena *arena, void *object, size_t old_bytes, size_t new_bytes);
// Frees the object of n_bytes if it is the last one; false if not, and nothing has changed. Threads
// may call it at once on a shared arena, each for its own objects.
bool bump_arena_free_last(struct bump_arena *arena, void *object, size_t n_bytes);
// Commits memory for n_bytes more, so that allocations up to there need no system call and cannot
// fail for want of memory. -ERANGE if they do not fit the reservation; -ENOMEM.
int bump_arena_prepare(struct bump_arena *arena, size_t n_bytes);

// Where the arena stands. Marks nest: rewinding to one ends all that were taken after it at a
// higher place, and leaves it and those before it as they are. Every BUMP_ARENA_MARKS marks that
// live at different places take 264 bytes of the arena; if it cannot have them, the mark is stale
// from the start.
struct bump_mark bump_arena_mark(struct bump_arena *arena);
// Drops everything that was allocated since the mark, and what the object before it has grown by
// since. -EINVAL, and nothing happens, for a mark of another arena and for a stale one: what lies
// below it was dropped meanwhile, by rewinding to an earlier mark, by freeing, by a reset, or with
// the arena.
int bump_arena_rewind(struct bump_arena *arena, struct bump_mark mark);

// Drops everything; all marks end. Of the memory, what the estimate says and 64 KiB stay committed,
// the rest goes back to the system. Returns the bytes given back.
size_t bump_arena_reset(struct bump_arena *arena);
// Drops everything and keeps all memory.
void bump_arena_reset_keep(struct bump_arena *arena);
// Drops everything, gives all memory back, forgets the estimate. Returns the bytes given back.
size_t bump_arena_reset_hard(struct bump_arena *arena);
// Gives back memory that is committed above keep_bytes and above what is in use. Returns the bytes
// given back.
size_t bump_arena_trim(struct bump_arena *arena, size_t keep_bytes);
// Sets how the estimate moves. -EINVAL if a rate is above 1024.
int bump_arena_set_learning(struct bump_arena *arena, const struct bump_arena_learning *learning);
// The estimate: bytes that a reset would expect to be needed.
size_t bump_arena_estimate(const struct bump_arena *arena);

// Do all n_bytes at the address lie in the arena's reservation (used or not)?
bool bump_arena_owns(const struct bump_arena *arena, const void *address, size_t n_bytes);
// Bytes in use, padding included. Threads may call this and the following at once.
size_t bump_arena_used(const struct bump_arena *arena);
// The most bytes in use since the last reset.
size_t bump_arena_high_water(const struct bump_arena *arena);
// Bytes that are committed, in all reservations of the arena.
size_t bump_arena_committed(const struct bump_arena *arena);
// Bytes that are reserved, in all reservations of the arena.
size_t bump_arena_reserved(const struct bump_arena *arena);
// Bytes that the present reservation has left.
size_t bump_arena_available(const struct bump_arena *arena);

#ifdef __cplusplus
}
#endif

#endif
