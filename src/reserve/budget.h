// SPDX-License-Identifier: MIT
// How many bytes may be free and yet hold pages. Invariants:
//  1. The budget is a floor or a share of what is in use, whichever is more, plus the regret.
//  2. Regret: memory that was purged and is needed again soon was purged too early, so the regret
//     grows by it. What is in use and what the regret allows to be dirty never exceed together the
//     highest need seen lately and the floor: what was needed then may be needed again, more was
//     not. Needed is what is in use, but no more than its objects and a quarter: a fragmented
//     program keeps no dirty memory beside what fragmentation costs it anyway. Time without
//     regret wears both off.
//  3. Near a limit the budget is at most half of what is left below it.
// A burst that ends is over the budget and goes back at once, without a later call; a program
// that breathes in and out pays for a breath or two, then keeps what it needs.
//
// The functions that take a policy and a state are the whole of it, without a clock or counters of
// their own, so that a simulation can replay a trace against other constants. The rest of the
// library uses the ones below them, which work on the process's own state.
#ifndef BP_RESERVE_BUDGET_H
#define BP_RESERVE_BUDGET_H

#include "base/atomics.h"
#include "base/attr.h"

#include <stddef.h>
#include <stdint.h>

struct bp_budget_policy {
    size_t floor_bytes;
    size_t share_percent; // of what is in use
    uint32_t soon_ms;     // needed again within this time after its purge: regretted; 0: never
    uint32_t wear_ms;     // in this time a wear_share'th of the regret wears off
    uint32_t wear_share;
};

// Racy on purpose: an update lost costs a purge more or less.
struct bp_budget {
    bp_atomic_size regret_bytes;
    bp_atomic_size peak_bytes; // highest need seen lately
    bp_atomic_size worn_at_ms; // when regret last grew or wore off
};

struct bp_budget_use {
    size_t used_bytes; // pages of spans and slots that are in use
    size_t free_bytes; // of them: in free objects
};

// Memory that was purged at that time (0: never) is taken into use again.
struct bp_regret {
    size_t n_bytes;
    uint32_t purge_time;
};

// What may be dirty now; also lets the regret wear off.
size_t bp_budget_at(const struct bp_budget_policy *policy, struct bp_budget *budget,
                    struct bp_budget_use use, uint32_t now_ms);
// Returns what of it is regretted.
size_t bp_budget_regret_at(const struct bp_budget_policy *policy, struct bp_budget *budget,
                           struct bp_budget_use use, uint32_t now_ms, struct bp_regret again);

extern BP_HIDDEN struct bp_budget bp_budget_process;

struct bp_options;
struct bp_counters;
// Punched pages are neither in use nor free.
struct bp_budget_use bp_budget_use_of(const struct bp_counters *counters);
// The policy that options ask for.
struct bp_budget_policy bp_budget_policy_of(const struct bp_options *options);
struct bp_budget_policy bp_budget_policy(void);
// When memory was purged, for bp_budget_regret; never 0.
uint32_t bp_budget_purge_time(void);
// Reads the clock: not to be called with a lock held.
void bp_budget_regret(struct bp_regret again);
// What may be dirty now. SIZE_MAX: nothing is ever to be purged.
size_t bp_budget_bytes(void);
// No budget is smaller than this: whoever holds no more need not ask.
size_t bp_budget_least_bytes(void);
// The part of it that is regret, for statistics.
size_t bp_budget_regret_bytes(void);

#endif
