// SPDX-License-Identifier: MIT
// One run of a program under one allocator, measured by the kernel's accounting of the process and
// the children that it has waited for.
#ifndef BUMPRUN_MEASURE_H
#define BUMPRUN_MEASURE_H

#include <stdbool.h>

enum figure { FIGURE_SECONDS, FIGURE_CPU_SECONDS, FIGURE_PEAK_BYTES, FIGURE_FAULTS, FIGURE_COUNT };

struct measurement {
    double figure[FIGURE_COUNT];
    int status; // exit status, or 128 + signal
};

struct job {
    const char *program; // a path
    char **argv;
    const char *input; // file for stdin, or NULL
    bool show_output;  // else stdout and stderr are dropped
};

struct timeline;

// preload: a library's path, or empty. line: NULL, or where to keep what memory does meanwhile.
// Ends bumprun if the program cannot be started.
struct measurement measure(const struct job *job, const char *preload, struct timeline *line);

// Of so many values, which it sorts.
double median_of(double *values, unsigned count);
// Half of the distance between the quartiles, over the median: what is less is noise.
double noise_of(double *values, unsigned count);

#endif
