// SPDX-License-Identifier: MIT
// Guarded objects: a few of all, chosen by the thread layer, stand on pages of their own, at one
// end of them, beside a page that nobody may touch. Who touches it, or the object after its free,
// is caught in the act, and what is known about the object is told (the idea is Electric Fence's,
// Perens 1987; to sample is GWP-ASan's). Invariants:
//  1. They lie in a range outside the reservation: two pools of places, of one page and of 64,
//     between pages that are never accessible. So an address says at once whether it is one of
//     them, and which; the signal handler needs no lock.
//  2. A place is fresh, live, leaving or freed. It goes from live to leaving by one exchange, so
//     that of two frees one is told apart. A freed place cannot be accessed, and is used again
//     after 128 others at least (16 of the large ones), oldest first.
//  3. A place keeps its page when it is freed, and is a mapping of its own from its first use on:
//     it is charged, guards never are, so they do not merge. To open or close it is one mprotect
//     of some 1 us, a third of what splitting and merging mappings would cost.
//  4. Up to 256 bytes beside the object hold a pattern, which is looked at when it is freed: what
//     the guard is too far away for, because of alignment, or because it is at the other end.
//  5. Where there is no place, nothing is guarded, and that is counted. A guard costs some 10 us,
//     the cold caches included; so with N of SELDOM and more there is one in two ms at most:
//     half a percent of a processor's time, however much a program allocates.
// The lock is of rank GUARD; no system call is made while it is held. May be called from any
// thread.
#ifndef BP_GUARD_GUARD_H
#define BP_GUARD_GUARD_H

#include "base/atomics.h"
#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BP_GUARD_FRAMES = 24,
    BP_GUARD_SELDOM = 100,    // where no more than one in so many is guarded, it is to cost nothing
    BP_GUARD_PAUSE_US = 2000, // there: at least, from one to the next
};

enum bp_guard_state { BP_GUARD_FRESH, BP_GUARD_LIVE, BP_GUARD_LEAVING, BP_GUARD_FREED };

struct bp_guard_stack {
    uint32_t depth;
    uintptr_t address[BP_GUARD_FRAMES];
};

struct bp_guarded {
    char *object; // NULL: fresh
    size_t n_bytes;
    bp_atomic_u32 state;   // enum bp_guard_state
    uint32_t next_waiting; // of a freed one; under the lock
    bp_atomic_u32 told;    // a hit of it was reported
    struct bp_guard_stack allocated, freed;
};

struct bp_guard_range {
    char *begin;
    size_t n_bytes; // 0: none
};

extern BP_HIDDEN struct bp_guard_range bp_guard_range; // set once
extern BP_HIDDEN bp_atomic_size bp_guard_every;        // one in so many objects; 0: off

static inline bool bp_guard_is_on(void)
{
    return BP_UNLIKELY(bp_load_relaxed(&bp_guard_every));
}

static inline bool bp_guard_owns(const void *pointer)
{
    return (size_t)pointer - (size_t)bp_guard_range.begin < bp_guard_range.n_bytes;
}

// Before other threads: makes the places. 0, ENOMEM, or ENOSYS where no access can be caught.
int bp_guard_start(size_t every);
// Starts to catch accesses; it may allocate.
int bp_guard_watch(void);
// Nothing is guarded from now on; what is stays so.
void bp_guard_stop(void);

// align: a power of two. NULL: no place, or too large. Its stack is the caller's caller's.
void *bp_guard_alloc(size_t n_bytes, size_t align, bool zero);
// Of any pointer in the range; if no live object starts there, the process ends, with stacks.
void bp_guard_free(void *pointer);
// *ret_bytes that may be used; false: no live object starts there.
bool bp_guard_find(const void *pointer, size_t *ret_bytes);
// Fewer bytes where they are, if that is not much less than it was; false: nothing was done. Only
// for what bp_guard_find has found.
bool bp_guard_shrink(void *pointer, size_t n_bytes);

// As bp_die_invalid, and tells what is known of the object.
BP_COLD BP_NORETURN void bp_guard_die_invalid(const void *pointer, const char *function);

// For reports: the place that the address is in, or in whose guards it is nearest to; NULL: none
// was ever used there.
struct bp_guarded *bp_guard_around(uintptr_t address);

struct bp_lock;
struct bp_lock *bp_guard_lock(void);

#endif
