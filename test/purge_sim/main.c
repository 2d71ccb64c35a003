// SPDX-License-Identifier: MIT
#include "report.h"

#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: purge_sim [OPTIONS] TRACE...\n"
    "\n"
    "Replays recorded traces under several policies of giving free memory back, and prints what\n"
    "each would have held, purged, and faulted in again.\n"
    "\n"
    "  --policy KEY=VALUE,...  one more policy: the library's with other constants, which are\n"
    "                          floor=SIZE      may be dirty at any time\n"
    "                          share=PERCENT   of what is in use may be dirty\n"
    "                          soon=MS         needed again so soon after its purge: regretted\n"
    "                          wear=MS         in this time a part of the regret wears off\n"
    "                          wear-share=N    namely an N'th\n"
    "                          name=WORD       what to call it; may be given several times\n"
    "  --summary               the geometric means over the traces alone\n"
    "  --json                  everything, for a program to read\n"
    "  --svg FILE              also a chart of the bytes held over time\n"
    "  --help                  this text\n"
    "\n"
    "Policies: ours (the library's constants), never, now (nothing may be dirty), no regret,\n"
    "decay N s (what was dirty for so long, looked up when the program calls), and ours with each\n"
    "constant halved and doubled. The model knows neither addresses nor sizes of blocks: see\n"
    "memory.h. CPU is an estimate of what faults and purges cost, cost adds what the memory held\n"
    "and not used is worth: see replay.c.\n";

struct arguments {
    struct sim_policies policies;
    const char *svg;
    bool summary, json;
    char **paths;
    size_t path_count;
};

static bool wrong(const char *what, const char *argument)
{
    fprintf(stderr, "purge_sim: %s %s (--help tells more)\n", what, argument);
    return false;
}

static bool arguments_read(struct arguments *arguments, char **words)
{
    for (; *words && (*words)[0] == '-'; words++) {
        bool takes_one = strcmp(*words, "--policy") == 0 || strcmp(*words, "--svg") == 0;
        if (takes_one && !words[1])
            return wrong("something must follow", *words);
        if (strcmp(*words, "--summary") == 0)
            arguments->summary = true;
        else if (strcmp(*words, "--json") == 0)
            arguments->json = true;
        else if (strcmp(*words, "--svg") == 0)
            arguments->svg = *++words;
        else if (!takes_one)
            return wrong("unknown option", *words);
        else if (!sim_policies_add(&arguments->policies, *++words))
            return false;
    }
    arguments->paths = words;
    while (words[arguments->path_count])
        arguments->path_count++;
    return arguments->path_count ? true : wrong("name a trace", "");
}

// --- doing it ---

static void *array(size_t count, size_t n_bytes)
{
    void *items = calloc(count, n_bytes);
    if (!items)
        abort();
    return items;
}

static bool traces_read(const struct arguments *arguments, struct sim_report *report)
{
    report->traces = array(arguments->path_count, sizeof(*report->traces));
    for (size_t i = 0; i < arguments->path_count; i++, report->trace_count++) {
        if (!trace_read(arguments->paths[i], &report->traces[i]))
            return false;
    }
    return true;
}

static void replay_all(struct sim_report *report)
{
    struct sim_observer none = {NULL, NULL};
    size_t policies = report->policies->count;
    report->results = array(report->trace_count * policies, sizeof(*report->results));
    for (size_t i = 0; i < report->trace_count * policies; i++)
        report->results[i] =
            sim_replay(&report->traces[i / policies], &report->policies->items[i % policies], none);
}

static void print_all(const struct sim_report *report, const struct arguments *arguments)
{
    if (arguments->json) {
        sim_report_json(stdout, report);
        return;
    }
    for (size_t i = 0; i < report->trace_count && !arguments->summary; i++)
        sim_report_trace(stdout, report, i);
    sim_report_summary(stdout, report);
}

static bool draw(const struct sim_report *report, const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file) {
        perror(path);
        return false;
    }
    sim_chart(file, report);
    bool ok = !ferror(file);
    return fclose(file) == 0 && ok;
}

static void report_free(struct sim_report *report)
{
    for (size_t i = 0; i < report->trace_count; i++)
        trace_free(&report->traces[i]);
    free(report->traces);
    free(report->results);
}

static int run(const struct arguments *arguments)
{
    struct sim_report report = {.policies = &arguments->policies};
    bool ok = traces_read(arguments, &report);
    if (ok) {
        replay_all(&report);
        print_all(&report, arguments);
        ok = !arguments->svg || draw(&report, arguments->svg);
    }
    report_free(&report);
    return ok ? 0 : 1;
}

int main(int count, char **words)
{
    struct arguments arguments = {.svg = NULL};
    sim_policies_standard(&arguments.policies);
    if (count > 1 && strcmp(words[1], "--help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    return arguments_read(&arguments, words + 1) ? run(&arguments) : 2;
}
