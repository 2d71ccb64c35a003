// SPDX-License-Identifier: MIT
// One trace under one policy.
#ifndef PURGE_SIM_REPLAY_H
#define PURGE_SIM_REPLAY_H

#include "memory.h"
#include "policy.h"
#include "trace.h"

struct sim_result {
    size_t peak_bytes;      // held: in use or dirty
    size_t end_bytes;       // held, at the last point
    size_t again_bytes;     // faulted again
    size_t regretted_bytes; // of them
    size_t purged_bytes;
    size_t purge_calls;
    double held_over_used; // means over time
    size_t spare_bytes;    // held and not in use, mean over time
    double cpu_percent;    // what faults again and purges cost, of the trace's time
    double cost_percent;   // that, and the spare bytes at what they are worth of a processor
};

struct sim_run {
    const struct sim_policy *policy;
    struct sim_memory memory;
    struct bp_budget budget;
    size_t asked_bytes; // what the policy said when it was last asked
    struct sim_result result;
    double held_area, used_area; // bytes x ms
};

// Called after every point.
struct sim_observer {
    void (*see)(void *seen, const struct sim_run *run, const struct trace_point *point);
    void *seen;
};

struct sim_result sim_replay(const struct trace *trace, const struct sim_policy *policy,
                             struct sim_observer observer);

#endif
