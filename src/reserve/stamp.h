// SPDX-License-Identifier: MIT
// A clock that ticks once for every piece of memory that becomes dirty, so that pools with
// different locks can agree which of them holds the oldest. Compared by signed distance.
#ifndef BP_RESERVE_STAMP_H
#define BP_RESERVE_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#define BP_STAMP_NEVER 0u

uint32_t bp_stamp_next(void); // never BP_STAMP_NEVER
static inline bool bp_stamp_older(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

#endif
