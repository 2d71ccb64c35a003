// SPDX-License-Identifier: MIT
// lgalloc's background clearing, for programs that ask for it (bump_large_configure): a thread that
// every so often gives back so many dirty bytes of each class, beside what the budget does.
// Invariants:
//  1. It is created by the first call that gives an interval; in the child of a fork it is not
//     there until bp_clearer_nudge finds it missing. If it cannot be created, it is not there at
//     all.
//  2. Interval and bytes may change at any time; a change wakes it. Without an interval it sleeps.
//  3. It has no heap of its own and allocates nothing.
#ifndef BP_THREAD_CLEARER_H
#define BP_THREAD_CLEARER_H

#include <stddef.h>
#include <stdint.h>

struct bp_clearer_pace {
    uint32_t interval_ms; // 0: none
    size_t clear_bytes;   // of each class, a tick; a slot at least, unless it is 0
};

void bp_clearer_set(struct bp_clearer_pace pace);
struct bp_clearer_pace bp_clearer_get(void);
// Starts it if it is to be there and is not; no locks held.
void bp_clearer_nudge(void);
// One tick's work: up to clear_bytes of each class, files included. Returns the bytes released.
size_t bp_clearer_tick(size_t clear_bytes);
// In the child: it is not there.
void bp_clearer_after_fork(void);

#endif
