// SPDX-License-Identifier: MIT
// What else may befall a program while its threads allocate: forks, signals, cancelled threads, and
// phases in which memory is short. One thread, the one that starts and joins the others, makes all
// of it, between two waits.
#ifndef STRESS_TROUBLE_H
#define STRESS_TROUBLE_H

#include "prng.h"

#include <pthread.h>

enum trouble_kind {
    TROUBLE_SIGNAL,
    TROUBLE_CANCEL,
    TROUBLE_FORK,
    TROUBLE_SHORT, // begins, or ends, a phase in which memory is short
    TROUBLE_COUNT,
};

extern const char *const trouble_names[TROUBLE_COUNT];
extern unsigned long trouble_done[TROUBLE_COUNT];

void trouble_prepare(uint64_t seed);
// A piece of trouble for this thread, which has not been joined yet, or for all.
void trouble_make(pthread_t victim);
// Memory is no longer short.
void trouble_end(void);

#endif
