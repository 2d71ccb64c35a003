// SPDX-License-Identifier: MIT
// Which objects are sampled: those that a point of a Poisson process falls into, whose points lie
// `mean` bytes apart on average, along all bytes that are handed out. Invariants:
//  1. An object that counts for n bytes is sampled with probability 1 - exp(-n / mean), whatever
//     was sampled before it; so it stands for 1 / probability objects, and sums over samples are
//     unbiased.
//  2. The process has no memory: sizes and threads each have their own, and together they are one.
// The logarithm and exponential are here because the library needs nothing beyond libc: series with
// a relative error below 1e-12.
#ifndef BP_PROFILE_POISSON_H
#define BP_PROFILE_POISSON_H

#include <stddef.h>
#include <stdint.h>

// How many of an object's worth a sample stands for, as fixed point: 2^BP_WEIGHT_SHIFT is one.
enum { BP_WEIGHT_SHIFT = 20 };

// x > 0
double bp_poisson_log(double x);
// x >= 0: exp(-x)
double bp_poisson_exp_minus(double x);

// *state is any number that differs between callers.
uint64_t bp_poisson_random(uint64_t *state);
// The bytes to the next point.
uint64_t bp_poisson_gap(uint64_t *state, size_t mean_bytes);
// How many objects of this size go before the next one that is sampled; at most UINT32_MAX.
uint32_t bp_poisson_gap_objects(uint64_t *state, size_t mean_bytes, size_t object_bytes);
// The same where each object is chosen with probability 1 / every, whatever its size.
uint32_t bp_poisson_gap_one_in(uint64_t *state, size_t every);
uint64_t bp_poisson_weight(size_t mean_bytes, size_t n_bytes);

#endif
