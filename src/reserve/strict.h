// SPDX-License-Identifier: MIT
// How close memory that nobody uses is kept to what is in use. The secure library has another
// header of this name (src/secure): one chunk is committed at a time, and each span ends in a
// guard.
#ifndef BP_RESERVE_STRICT_H
#define BP_RESERVE_STRICT_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    BP_STRICT_WINDOWS = 0, // commit what is needed, and not more at a time
    BP_SPAN_GUARD_BYTES = 0,
    BP_HUGE_SLOTS_MAX = 24, // slots that may ask for huge pages, and so be mappings of their own
};

// A chunk becomes a span. zero: it reads so.
BP_HOT void bp_strict_span_prepare(void *chunk, bool zero)
{
    (void)chunk;
    (void)zero;
}

// It is a span no longer.
BP_HOT void bp_strict_span_retire(void *chunk)
{
    (void)chunk;
}

// Chunks become a large object; false: they cannot.
BP_HOT bool bp_strict_large_prepare(void *chunk, size_t n_bytes)
{
    (void)chunk;
    (void)n_bytes;
    return true;
}

#endif
