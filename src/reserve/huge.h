// SPDX-License-Identifier: MIT
// Where huge pages are asked for (BUMPALLOC_THP). Invariants:
//  1. The reservation starts without them, whatever the system's default is: a small process is to
//     stay small. Ranges are given back to the system's care one by one, never by prctl.
//  2. auto: windows of the arena area once 64 MiB of it are in use, and large slots once the
//     process has taken 64 MiB of fresh pages for large objects: whoever has faulted so much in is
//     likely to fault more, and in bulk. never: nowhere. always: every commit.
//  3. Of a large object only whole units of 2 MiB, or nearly whole ones at its end.
// With BUMPALLOC_PURGE=never there is no madvise, and so no huge page of ours.
#ifndef BP_RESERVE_HUGE_H
#define BP_RESERVE_HUGE_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>

#define BP_HUGE_BYTES (2 * BP_MIB)

// The whole reservation, before anything is committed in it.
void bp_huge_init(void *base, size_t n_bytes);
// A window that was just committed, when so much of its area was in use before it.
void bp_huge_window(void *start, size_t n_bytes, size_t in_use_bytes);
// [from, until) of an object are about to be touched for the first time. False: not asked for.
bool bp_huge_object(char *object, size_t from, size_t until);
// Would bp_huge_object ask for any of it?
bool bp_huge_wants(size_t from, size_t until);

#endif
