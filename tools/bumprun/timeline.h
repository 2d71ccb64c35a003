// SPDX-License-Identifier: MIT
// A program's memory over time, as one looks at it from outside while it runs: of the process
// itself, not of its children.
#ifndef BUMPRUN_TIMELINE_H
#define BUMPRUN_TIMELINE_H

#include "target.h"

#include <stdbool.h>
#include <sys/types.h>

enum { MOMENTS_MAX = 1000 };

struct moment {
    double seconds; // since the start
    double rss_bytes;
    double live_bytes, dirty_bytes; // of our library, if it is there
};

// Looks so often that a run makes at most MOMENTS_MAX, whatever it lasts: when they are full every
// other one is dropped, and looks are half as frequent from then on.
struct timeline {
    double interval_seconds;
    unsigned count;
    bool ours; // live and dirty bytes are known
    struct moment at[MOMENTS_MAX];
    struct target target;
    struct snapshot snapshot;
};

struct timeline *timeline_make(void);
void timeline_free(struct timeline *line);
// Looks at the process.
void timeline_look(struct timeline *line, pid_t pid, double seconds);

#endif
