// SPDX-License-Identifier: MIT
// How many bytes may be free and yet hold pages. Invariants:
//  1. The budget is a floor or a share of what is in use, whichever is more, plus the regret.
//  2. Regret: memory that was purged and is needed again soon was purged too early, so the budget
//     grows by it, at most to the highest use seen lately. Time without regret wears it off.
// A burst that ends is over the budget and goes back at once, without a later call; a program
// that breathes in and out pays for a breath or two, then keeps what it needs.
#ifndef BP_RESERVE_BUDGET_H
#define BP_RESERVE_BUDGET_H

#include "base/limits.h"

#include <stddef.h>
#include <stdint.h>

#define BP_BUDGET_FLOOR_BYTES (8 * BP_MIB)

// When memory was purged, for bp_budget_regret; never 0.
uint32_t bp_budget_purge_time(void);
// Memory that was purged at that time (0: never) is taken into use again. Reads the clock: not
// to be called with a lock held.
struct bp_regret {
    size_t n_bytes;
    uint32_t purge_time;
};
void bp_budget_regret(struct bp_regret regret);
// What may be dirty now; also lets the regret wear off.
size_t bp_budget_bytes(void);

#endif
