// SPDX-License-Identifier: MIT
// A hook for bp_os_fault_hook that counts calls by kind and fails those that were asked to.
#ifndef UNIT_FAULT_HOOK_H
#define UNIT_FAULT_HOOK_H

#include "os/os.h"

#include <errno.h>

struct fault_plan {
    unsigned seen[BP_OS_CALL_COUNT];      // calls so far
    unsigned fail_from[BP_OS_CALL_COUNT]; // the first call that fails, counted from 1; 0: none
    unsigned fail_count[BP_OS_CALL_COUNT];
};

static struct fault_plan fault_plan;

static inline int fault_hook(enum bp_os_call call)
{
    unsigned from = fault_plan.fail_from[call];
    unsigned nth = __atomic_add_fetch(&fault_plan.seen[call], 1, __ATOMIC_RELAXED);
    return from && nth >= from && nth - from < fault_plan.fail_count[call] ? ENOMEM : 0;
}

// Counts from here on, and fails nothing.
static inline void fault_none(void)
{
    fault_plan = (struct fault_plan){{0}, {0}, {0}};
    bp_os_fault_hook = fault_hook;
}

// Of the calls of this kind from now on, fails `count`, beginning with the first-th.
static inline void fault_some(enum bp_os_call call, unsigned first, unsigned count)
{
    fault_plan.seen[call] = 0;
    fault_plan.fail_from[call] = first;
    fault_plan.fail_count[call] = count;
    bp_os_fault_hook = fault_hook;
}

static inline void fault_all(enum bp_os_call call)
{
    fault_some(call, 1, ~0u);
}

#endif
