// SPDX-License-Identifier: MIT
// Arithmetic on sizes: alignment, logarithms, checked sums. Pure functions.
// Alignments are powers of two; callers check that.
#ifndef BP_BASE_BITS_H
#define BP_BASE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline size_t bp_align_up(size_t value, size_t align)
{
    return (value + align - 1) & ~(align - 1);
}

static inline size_t bp_align_down(size_t value, size_t align)
{
    return value & ~(align - 1);
}

static inline bool bp_is_power_of_two(size_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

// floor(log2(value)); value != 0
static inline unsigned bp_log2_floor(size_t value)
{
    return 63u - (unsigned)__builtin_clzll(value);
}

// smallest s with 2^s >= value; value != 0
static inline unsigned bp_log2_ceil(size_t value)
{
    return value <= 1 ? 0 : bp_log2_floor(value - 1) + 1;
}

static inline size_t bp_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t bp_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

static inline size_t bp_sub_or_zero(size_t a, size_t b)
{
    return a > b ? a - b : 0;
}

#endif
