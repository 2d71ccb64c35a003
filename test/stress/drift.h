// SPDX-License-Identifier: MIT
// Does a run hold more and more memory? Samples of the resident set; the last quarter of a long run
// is held against the second.
#ifndef STRESS_DRIFT_H
#define STRESS_DRIFT_H

#include <stddef.h>

// Takes a sample if one is due; returns its bytes, or 0.
size_t drift_sample(double now_seconds);
// Fails the test if memory has drifted upward. Says so if the run was too short to tell.
void drift_report(void);

#endif
