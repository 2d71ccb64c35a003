// SPDX-License-Identifier: MIT
// The arena area as chunks of 64 KiB: who has which, what is dirty, what goes back. Invariants:
//  1. A chunk below the frontier is used, or free and one of: dirty (holds pages), clean
//     (committed, reads zero), discarded (as bp_os_discard leaves it), reserved (its commit charge
//     was returned). free_bits and dirty_bits say so; a chunk that is being purged has neither bit,
//     nor an owner.
//  2. Dirty chunks form one list, oldest first; the stamp orders it against other pools.
//  3. Runs are taken lowest address first, dirty ones before others: reuse costs no fault.
#ifndef BP_RESERVE_CHUNKS_H
#define BP_RESERVE_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bp_lock;

// Adjacent chunks for a span; 0 if addresses or memory have run out. *ret_zero: all read zero.
uint32_t bp_chunks_take(uint32_t count, bool *ret_zero);
void bp_chunks_give(uint32_t first, uint32_t count);
// The same if some of their pages are discarded.
void bp_chunks_give_holed(uint32_t first, uint32_t count);
// Age of the oldest dirty chunk, BP_STAMP_NEVER if none.
uint32_t bp_chunks_oldest_stamp(void);
// Purges the oldest dirty chunk and its dirty neighbours in one call, as many as are wanted or
// 2 MiB, whichever is more; whole units of 2 MiB go first. Returns the bytes released.
size_t bp_chunks_purge_oldest(size_t wanted_bytes);
// Returns the commit charge of every free chunk; returns the bytes.
size_t bp_chunks_decommit(void);
// In the child: what a thread that is not there had in its hands is free again.
void bp_chunks_after_fork(void);
struct bp_lock *bp_chunks_lock(void);

#endif
