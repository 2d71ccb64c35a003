// SPDX-License-Identifier: MIT
// How free memory goes back to the system: the thread whose free exceeds the budget of dirty
// bytes (reserve/budget.h) purges, oldest first, neighbours in one call, until it is kept again.
#ifndef BP_REGION_PURGE_H
#define BP_REGION_PURGE_H

#include <stddef.h>

// Called after memory became dirty; no locks held.
void bp_purge_check(void);
// Purges all dirty memory; returns the bytes released.
size_t bp_purge_all(void);
// Returns the commit charge of all free memory: the last resort before ENOMEM.
size_t bp_purge_decommit(void);
// In the child: whoever was purging is not there.
void bp_purge_after_fork(void);

#endif
