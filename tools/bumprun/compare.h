// SPDX-License-Identifier: MIT
// The outcome of `bumprun compare`, for whoever shows it: per allocator the runs, in rounds.
#ifndef BUMPRUN_COMPARE_H
#define BUMPRUN_COMPARE_H

#include "measure.h"
#include "peers.h"

enum { ROUNDS_MAX = 1000 };

struct comparison {
    struct peers peers;
    unsigned rounds;
    struct measurement *runs; // [peer * rounds + round]
};

double comparison_median(const struct comparison *it, unsigned peer, enum figure figure);
double comparison_noise(const struct comparison *it, unsigned peer, enum figure figure);

#endif
