// SPDX-License-Identifier: MIT
// A 4-byte lock on a futex. Invariants:
//  1. state is 0 (free), 1 (held) or 2 (held, somebody may sleep).
//  2. Locks are taken in the order of their ranks, lowest first; two of one rank only by fork,
//     which takes all of them. The checks build traps a violation.
//  3. A lock is never held across purge, unmap or move. A commit is one call, amortised by
//     windows, and is made under the lock of what it grows.
#ifndef BP_CORE_LOCK_H
#define BP_CORE_LOCK_H

#include "base/atomics.h"
#include "base/attr.h"

enum bp_rank {
    BP_RANK_PARKED_WARDS, // wards of threads that ended (secure library)
    BP_RANK_WARD_TABLE,   // its large and empty objects
    BP_RANK_COMMON_HEAP,  // the heap of threads that have none
    BP_RANK_REGISTRY,     // list of thread heaps
    BP_RANK_DEPOT,        // one per small size class
    BP_RANK_REGION,       // one per class region
    BP_RANK_CHUNKS,       // arena area
    BP_RANK_DIRECT,       // table of direct mappings
    BP_RANK_FILES,        // class files
    BP_RANK_GUARD,        // places of guarded objects
    BP_RANK_PROFILE,      // samples and stacks of the profile
    BP_RANK_COUNT,
};

struct BP_PROVE(capability("lock")) bp_lock {
    bp_atomic_u32 state;
    bp_atomic_u32 rank; // constant, but for those that the checks build sets when it looks
};

// All zero where nobody looks: a record with a lock costs a process no page at its start then.
#define BP_LOCK_INIT(rank_)                                                                        \
    {                                                                                              \
        .state = 0, .rank = BP_CHECKS ? (rank_) : 0                                                \
    }

BP_COLD void bp_lock_wait(struct bp_lock *lock);
BP_COLD void bp_lock_wake(struct bp_lock *lock);
void bp_lock_note_taken(struct bp_lock *lock);
void bp_lock_note_given(struct bp_lock *lock);

static inline void bp_lock_take(struct bp_lock *lock) BP_PROVE(acquire_capability(lock))
    BP_PROVE(no_thread_safety_analysis);
static inline void bp_lock_give(struct bp_lock *lock) BP_PROVE(release_capability(lock))
    BP_PROVE(no_thread_safety_analysis);

static inline void bp_lock_take(struct bp_lock *lock)
{
    if (BP_CHECKS)
        bp_lock_note_taken(lock);
    // pairs with bp_lock_give: what the last holder wrote is visible
    if (BP_UNLIKELY(!bp_cas_u32_acquire(&lock->state, 0, 1)))
        bp_lock_wait(lock);
}

static inline void bp_lock_give(struct bp_lock *lock)
{
    if (BP_CHECKS)
        bp_lock_note_given(lock);
    // pairs with bp_lock_take: publishes what this holder wrote
    if (BP_UNLIKELY(bp_exchange_u32_release(&lock->state, 0) == 2))
        bp_lock_wake(lock);
}

// fork takes locks of one rank together; the order is that of their array.
void bp_lock_take_for_fork(struct bp_lock *lock);
void bp_lock_give_after_fork(struct bp_lock *lock);

#endif
