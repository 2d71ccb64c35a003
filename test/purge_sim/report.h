// SPDX-License-Identifier: MIT
// What came out: results of every trace under every policy, as tables, JSON and a chart.
#ifndef PURGE_SIM_REPORT_H
#define PURGE_SIM_REPORT_H

#include "replay.h"

#include <stdio.h>

struct sim_report {
    const struct sim_policies *policies;
    struct trace *traces;
    size_t trace_count;
    struct sim_result *results; // one a policy, of the first trace, then of the next ...
};

static inline const struct sim_result *sim_result_of(const struct sim_report *report, size_t trace,
                                                     size_t policy)
{
    return &report->results[trace * report->policies->count + policy];
}

// Geometric means over the traces, relative to the first policy. Bytes faulted again are taken
// plus a MiB, CPU and cost plus a hundredth of a percent: ratios of next to nothing mean nothing.
struct sim_summary {
    double peak, mean, end, again, cpu, cost;
    double cost_percent; // the plain mean, relative to nothing
};
struct sim_summary sim_summarize(const struct sim_report *report, size_t policy);

void sim_report_trace(FILE *out, const struct sim_report *report, size_t trace);
void sim_report_summary(FILE *out, const struct sim_report *report);
void sim_report_json(FILE *out, const struct sim_report *report);
// Bytes held over time, a panel a trace; replays the traces once more.
void sim_chart(FILE *out, const struct sim_report *report);

#endif
