// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "timeline.h"

#include "bumprun.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FIRST_INTERVAL_SECONDS 0.001

struct timeline *timeline_make(void)
{
    struct timeline *line = allocate(sizeof(*line));
    line->interval_seconds = FIRST_INTERVAL_SECONDS;
    return line;
}

void timeline_free(struct timeline *line)
{
    snapshot_free(&line->snapshot);
    free(line);
}

// 0: it has ended.
static double rss_of(pid_t pid)
{
    char path[64];
    unsigned long pages = 0;
    snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    FILE *file = fopen(path, "re");
    if (file && fscanf(file, "%*u %lu", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

// The library may come later, or go with another program in the process.
static void look_inside(struct timeline *line, pid_t pid, struct moment *moment)
{
    struct bp_stats stats;
    if (!line->target.pid && !target_try(pid, &line->target))
        return;
    if (!snapshot_take(&line->target, &line->snapshot, false)) {
        line->target.pid = 0;
        return;
    }
    snapshot_stats(&line->snapshot, &stats);
    moment->live_bytes = (double)stats.used_bytes;
    moment->dirty_bytes = (double)stats.dirty_bytes;
    line->ours = true;
}

static void thin_out(struct timeline *line)
{
    for (unsigned i = 0; 2 * i < line->count; i++)
        line->at[i] = line->at[2 * i];
    line->count = (line->count + 1) / 2;
    line->interval_seconds *= 2;
}

void timeline_look(struct timeline *line, pid_t pid, double seconds)
{
    struct moment moment = {.seconds = seconds, .rss_bytes = rss_of(pid)};
    if (moment.rss_bytes == 0)
        return;
    look_inside(line, pid, &moment);
    if (line->count == MOMENTS_MAX)
        thin_out(line);
    line->at[line->count++] = moment;
}
