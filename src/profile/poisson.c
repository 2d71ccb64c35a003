// SPDX-License-Identifier: MIT
#include "profile/poisson.h"

#include <string.h>

#define LN2 0.693147180559945309417232121458

// x = m * 2^e, log(m) = 2 atanh((m - 1) / (m + 1)); m in [sqrt(1/2), sqrt(2)).
double bp_poisson_log(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    int exponent = (int)(bits >> 52) - 1023;
    bits = (bits & 0xfffffffffffff) | (uint64_t)1023 << 52;
    double m;
    memcpy(&m, &bits, sizeof(m));
    if (m > 1.41421356237309504880) {
        m /= 2;
        exponent++;
    }
    double z = (m - 1) / (m + 1), power = z, sum = 0;
    for (int i = 1; i < 20; i += 2) {
        sum += power / i;
        power *= z * z;
    }
    return exponent * LN2 + 2 * sum;
}

// exp(-x) = 2^-k exp(-r), r in [-ln(2)/2, ln(2)/2].
double bp_poisson_exp_minus(double x)
{
    if (x > 700)
        return 0;
    int k = (int)(x / LN2 + 0.5);
    double r = k * LN2 - x, term = 1, sum = 1;
    for (int i = 1; i < 16; i++) {
        term *= r / i;
        sum += term;
    }
    uint64_t bits = (uint64_t)(1023 - k) << 52;
    double scale;
    memcpy(&scale, &bits, sizeof(scale));
    return k > 1000 ? 0 : sum * scale;
}

// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
uint64_t bp_poisson_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

// Exponentially distributed, of mean 1.
static double exponential(uint64_t *state)
{
    double uniform = (double)((bp_poisson_random(state) >> 11) + 1) * 0x1p-53; // (0, 1]
    return -bp_poisson_log(uniform);
}

uint64_t bp_poisson_gap(uint64_t *state, size_t mean_bytes)
{
    return (uint64_t)(exponential(state) * (double)mean_bytes);
}

static uint32_t gap_of(double objects)
{
    return objects < (double)UINT32_MAX ? (uint32_t)objects : UINT32_MAX;
}

uint32_t bp_poisson_gap_objects(uint64_t *state, size_t mean_bytes, size_t object_bytes)
{
    return gap_of(exponential(state) * (double)mean_bytes / (double)object_bytes);
}

// That no point falls into an object has to be 1 - 1 / every.
uint32_t bp_poisson_gap_one_in(uint64_t *state, size_t every)
{
    if (every == 1)
        return 0;
    return gap_of(exponential(state) / bp_poisson_log((double)every / (double)(every - 1)));
}

uint64_t bp_poisson_weight(size_t mean_bytes, size_t n_bytes)
{
    double missed = bp_poisson_exp_minus((double)n_bytes / (double)mean_bytes);
    return (uint64_t)((double)((uint64_t)1 << BP_WEIGHT_SHIFT) / (1 - missed) + 0.5);
}
