// SPDX-License-Identifier: MIT
// The background worker (BUMPALLOC_BACKGROUND=1): a thread that gives back what idles. Invariants:
//  1. It is created by the first slow path that has something to do, never while booting; in the
//     child of a fork it is not there until then. If it cannot be created, it is not there at all.
//  2. It looks twice a second while something happens. After a few rounds in which nothing was
//     released and nobody came by it sleeps until a slow path wakes it; once a second it looks for
//     requests from outside, or not even that with BUMPALLOC_OUTSIDE=0.
//  3. It gives back what was idle for a whole round: memory dirty since before it, heaps whose
//     threads did not come home, magazines of depots that nobody asked, heaps of ended threads.
//  4. It has no heap of its own and allocates nothing.
#ifndef BP_THREAD_WORKER_H
#define BP_THREAD_WORKER_H

#include "base/atomics.h"
#include "base/attr.h"
#include "core/options.h"

enum bp_worker_is { BP_WORKER_NONE, BP_WORKER_AWAKE, BP_WORKER_ASLEEP, BP_WORKER_REFUSED };
extern BP_HIDDEN bp_atomic_u32 bp_worker_state; // enum bp_worker_is, and the word it sleeps on

BP_COLD void bp_worker_wake(void);
// In the child: it is not there.
void bp_worker_after_fork(void);

// Something was freed; no locks held.
static inline void bp_worker_nudge(void)
{
    if (BP_UNLIKELY(bp_options.background))
        bp_worker_wake();
}

#endif
