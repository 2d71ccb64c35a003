// SPDX-License-Identifier: MIT
// How free memory goes back to the system: the thread whose free exceeds the budget of dirty
// bytes (reserve/budget.h) purges, oldest first, neighbours in one call, until it is kept again.
// With BUMPALLOC_PURGE=never nothing here does anything.
#ifndef BP_REGION_PURGE_H
#define BP_REGION_PURGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Called after memory became dirty; no locks held.
void bp_purge_check(void);
// Purges until at most so much is dirty; returns the bytes released.
size_t bp_purge_down_to(size_t target_bytes);
// Purges the oldest slots of class regions, as bp_region_purge_oldest; returns the bytes released.
size_t bp_purge_oldest_slots(size_t wanted_bytes);
// Purges what became dirty before the stamp (reserve/stamp.h); returns the bytes released.
size_t bp_purge_older(uint32_t stamp);
// Purges what stands in the way of n_bytes more under the limit; true if they may fit now.
bool bp_purge_make_room(size_t n_bytes);
// Returns the commit charge of all free memory: the last resort before ENOMEM.
size_t bp_purge_decommit(void);
// In the child: whoever was purging is not there.
void bp_purge_after_fork(void);

#endif
