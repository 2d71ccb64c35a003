// SPDX-License-Identifier: MIT
// How close memory that nobody uses is kept to what is in use: it is committed chunk by chunk, each
// span ends in a guard page, and begins with no byte of its chunk's earlier life.
#ifndef BP_RESERVE_STRICT_H
#define BP_RESERVE_STRICT_H

#include "base/attr.h"
#include "base/limits.h"
#include "os/os.h"
#include "os/os_guard.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum {
    BP_STRICT_WINDOWS = 1,
    BP_SPAN_GUARD_BYTES = 4096,
    BP_HUGE_SLOTS_MAX = 96, // those that wait too: their pages went, and come back one by one else
};

// A guard that cannot be had (the limit of mappings, pages larger than it) is done without.
static inline void bp_strict_span_prepare(void *chunk, bool zero)
{
    size_t n_bytes = BP_CHUNK_BYTES - BP_SPAN_GUARD_BYTES;
    if (!zero)
        memset(chunk, 0, n_bytes);
    if (bp_os_page_bytes() == BP_SPAN_GUARD_BYTES)
        bp_os_guard_install((char *)chunk + n_bytes, BP_SPAN_GUARD_BYTES);
}

// It is a span no longer. The caller holds its depot's lock, so a mark stays: most chunks become
// spans again.
static inline void bp_strict_span_retire(void *chunk)
{
    size_t n_bytes = BP_CHUNK_BYTES - BP_SPAN_GUARD_BYTES;
    if (bp_os_page_bytes() == BP_SPAN_GUARD_BYTES && !bp_os_guards_are_marks())
        bp_os_guard_remove((char *)chunk + n_bytes, BP_SPAN_GUARD_BYTES);
}

// Chunks become a large object; false: they cannot, because the system leaves guards in them.
static inline bool bp_strict_large_prepare(void *chunk, size_t n_bytes)
{
    return bp_os_page_bytes() != BP_SPAN_GUARD_BYTES || !bp_os_guard_unmark(chunk, n_bytes);
}

#endif
