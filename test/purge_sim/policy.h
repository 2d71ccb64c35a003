// SPDX-License-Identifier: MIT
// The policies that are compared: the library's own (reserve/budget.h) with its constants or
// others, and what other allocators do, reduced to its idea: memory goes back when it has been
// free for so long, and whether it has been is looked up only when the program calls.
#ifndef PURGE_SIM_POLICY_H
#define PURGE_SIM_POLICY_H

#include "reserve/budget.h"

#include <stdbool.h>

enum sim_kind { SIM_NEVER, SIM_BUDGET, SIM_DECAY };

struct sim_policy {
    char name[40];
    enum sim_kind kind;
    bool in_chart;
    struct bp_budget_policy budget; // SIM_BUDGET
    uint32_t decay_ms;              // SIM_DECAY
};

enum { SIM_POLICY_MAX = 40 };

struct sim_policies {
    struct sim_policy items[SIM_POLICY_MAX];
    size_t count;
};

// The first is the library's: what all others are compared with.
void sim_policies_standard(struct sim_policies *ret_policies);
// Adds the library's with some constants replaced: "floor=4M,share=20,name=mine". On failure says
// on stderr what is wrong.
bool sim_policies_add(struct sim_policies *policies, const char *text);
const struct sim_policy *sim_policy_named(const struct sim_policies *policies, const char *name);

#endif
