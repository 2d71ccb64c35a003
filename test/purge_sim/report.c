// SPDX-License-Identifier: MIT
#include "report.h"

#include <math.h>

static double mib(size_t n_bytes)
{
    return (double)n_bytes / (1 << 20);
}

// --- the summary ---

static void log_add(struct sim_summary *sum, const struct sim_result *result, double sign)
{
    sum->peak += sign * log(mib(result->peak_bytes) + 0.01);
    sum->mean += sign * log(result->held_over_used);
    sum->end += sign * log(mib(result->end_bytes) + 1);
    sum->again += sign * log(mib(result->again_bytes) + 1);
    sum->cpu += sign * log(result->cpu_percent + 0.01);
    sum->cost += sign * log(result->cost_percent + 0.01);
    sum->cost_percent += sign > 0 ? result->cost_percent : 0;
}

struct sim_summary sim_summarize(const struct sim_report *report, size_t policy)
{
    struct sim_summary sum = {.peak = 0};
    double count = (double)report->trace_count;
    for (size_t trace = 0; trace < report->trace_count; trace++) {
        log_add(&sum, sim_result_of(report, trace, policy), 1);
        log_add(&sum, sim_result_of(report, trace, 0), -1);
    }
    return (struct sim_summary){exp(sum.peak / count),   exp(sum.mean / count),
                                exp(sum.end / count),    exp(sum.again / count),
                                exp(sum.cpu / count),    exp(sum.cost / count),
                                sum.cost_percent / count};
}

// --- tables ---

void sim_report_trace(FILE *out, const struct sim_report *report, size_t trace)
{
    const struct trace *it = &report->traces[trace];
    fprintf(out, "%s: %.1f s, %zu points\n", it->name, trace_span_ms(it) / 1000.0, it->count);
    fprintf(out, "%-18s %7s %7s %7s %7s %8s %8s %8s %6s %6s %6s\n", "held, MiB:", "peak", "mean",
            "mean", "at", "faulted", "of them", "", "purge", "", "");
    fprintf(out, "%-18s %7s %7s %7s %7s %8s %8s %8s %6s %6s %6s\n", "policy", "", "/used", "-used",
            "end", "again", "regret", "purged", "calls", "CPU %", "cost %");
    for (size_t i = 0; i < report->policies->count; i++) {
        const struct sim_result *result = sim_result_of(report, trace, i);
        fprintf(out, "%-18s %7.1f %7.2f %7.1f %7.1f %8.1f %8.1f %8.1f %6zu %6.2f %6.2f\n",
                report->policies->items[i].name, mib(result->peak_bytes), result->held_over_used,
                mib(result->spare_bytes), mib(result->end_bytes), mib(result->again_bytes),
                mib(result->regretted_bytes), mib(result->purged_bytes), result->purge_calls,
                result->cpu_percent, result->cost_percent);
    }
    fprintf(out, "\n");
}

void sim_report_summary(FILE *out, const struct sim_report *report)
{
    fprintf(out,
            "geometric means over %zu traces, relative to %s; and the plain mean of the cost\n",
            report->trace_count, report->policies->items[0].name);
    fprintf(out, "%-18s %7s %7s %7s %8s %7s %7s %8s\n", "policy", "peak", "mean", "at end", "again",
            "CPU", "cost", "cost %");
    for (size_t i = 0; i < report->policies->count; i++) {
        struct sim_summary mean = sim_summarize(report, i);
        fprintf(out, "%-18s %7.3f %7.3f %7.3f %8.3f %7.3f %7.3f %8.3f\n",
                report->policies->items[i].name, mean.peak, mean.mean, mean.end, mean.again,
                mean.cpu, mean.cost, mean.cost_percent);
    }
}

// --- JSON ---

static void json_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
    }
    fputc('"', out);
}

static void json_result(FILE *out, const char *name, const struct sim_result *result)
{
    fprintf(out, "    {\"policy\": ");
    json_text(out, name);
    fprintf(out,
            ", \"peak_bytes\": %zu, \"held_over_used\": %.6f, \"spare_bytes\": %zu, "
            "\"end_bytes\": %zu, \"again_bytes\": %zu, \"regretted_bytes\": %zu, "
            "\"purged_bytes\": %zu, \"purge_calls\": %zu, \"cpu_percent\": %.6f, "
            "\"cost_percent\": %.6f}",
            result->peak_bytes, result->held_over_used, result->spare_bytes, result->end_bytes,
            result->again_bytes, result->regretted_bytes, result->purged_bytes, result->purge_calls,
            result->cpu_percent, result->cost_percent);
}

static void json_trace(FILE *out, const struct sim_report *report, size_t trace)
{
    fprintf(out, "  {\"trace\": ");
    json_text(out, report->traces[trace].name);
    fprintf(out, ", \"span_ms\": %u, \"results\": [\n", trace_span_ms(&report->traces[trace]));
    for (size_t i = 0; i < report->policies->count; i++) {
        json_result(out, report->policies->items[i].name, sim_result_of(report, trace, i));
        fprintf(out, i + 1 < report->policies->count ? ",\n" : "]}");
    }
}

static void json_summary(FILE *out, const struct sim_report *report, size_t policy)
{
    struct sim_summary mean = sim_summarize(report, policy);
    fprintf(out, "  {\"policy\": ");
    json_text(out, report->policies->items[policy].name);
    fprintf(out,
            ", \"peak\": %.6f, \"mean\": %.6f, \"end\": %.6f, \"again\": %.6f, "
            "\"cpu\": %.6f, \"cost\": %.6f, \"cost_percent\": %.6f}",
            mean.peak, mean.mean, mean.end, mean.again, mean.cpu, mean.cost, mean.cost_percent);
}

void sim_report_json(FILE *out, const struct sim_report *report)
{
    fprintf(out, "{\"traces\": [\n");
    for (size_t trace = 0; trace < report->trace_count; trace++) {
        json_trace(out, report, trace);
        fprintf(out, trace + 1 < report->trace_count ? ",\n" : "],\n\"summary\": [\n");
    }
    for (size_t i = 0; i < report->policies->count; i++) {
        json_summary(out, report, i);
        fprintf(out, i + 1 < report->policies->count ? ",\n" : "]}\n");
    }
}
