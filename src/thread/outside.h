// SPDX-License-Identifier: MIT
// What another process may ask of this one (tools/bumprun), without a thread or a signal.
// Invariants:
//  1. Whoever may debug this process (ptrace's rules, so: the same user) writes the words below;
//     nobody else can. With BUMPALLOC_OUTSIDE=0 they are ignored.
//  2. Slow paths look at one word, without locks held; the hot path does not. So a process that
//     makes no slow call serves a request with its next one, or at once if it has a worker: the
//     outsider wakes that (thread/worker.h).
//  3. The outsider writes the argument first, then one byte of `pending`, which cannot be torn. The
//     process takes all of `pending` by an exchange, does it, and then counts `served`.
//  4. Reading needs none of this: what the library holds is read as it is (api/view.h).
#ifndef BP_THREAD_OUTSIDE_H
#define BP_THREAD_OUTSIDE_H

#include "base/atomics.h"
#include "base/attr.h"

enum {
    BP_OUTSIDE_TRIM = 1,    // as malloc_trim
    BP_OUTSIDE_PROFILE = 2, // as the function that bp_outside_on_profile names
};

struct bp_outside {
    bp_atomic_u32 pending;         // bits, in the low byte
    bp_atomic_u32 served;          // requests so far
    bp_atomic_size released_bytes; // by the last trim
    char argument[512];            // of a profile, a string
};

extern BP_HIDDEN struct bp_outside bp_outside BP_LINE_ALIGNED;
// What upper layers do about a request; NULL: nothing. Set while booting.
extern BP_HIDDEN void (*bp_outside_on_profile)(const char *argument);

BP_COLD void bp_outside_serve(void);
// In the child: what was asked of the parent is not for it.
void bp_outside_after_fork(void);

static inline bool bp_outside_is_asked(void)
{
    return bp_load_u32_relaxed(&bp_outside.pending) != 0;
}

// At the end of a slow path; no locks held.
static inline void bp_outside_poll(void)
{
    if (BP_UNLIKELY(bp_outside_is_asked()))
        bp_outside_serve();
}

#endif
