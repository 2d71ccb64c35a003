// SPDX-License-Identifier: MIT
// Small objects when the arena area is full, or when there is no reservation at all: spans of one
// chunk in direct mappings of their own. Slow and shared, but a small object costs what it needs.
//  1. An overflow span is a mapping of 64 KiB, aligned to it, in the table of direct mappings; the
//     entry's class_index is not 0, and its records are in the entry.
//  2. It stands in its class's list while it has room, and is unmapped when nothing is in use.
// Everything is under the lock of direct mappings.
#ifndef BP_REGION_OVERFLOW_H
#define BP_REGION_OVERFLOW_H

#include <stdbool.h>
#include <stddef.h>

// An object of the class; NULL if memory has run out, or the class is too large for this.
void *bp_overflow_take(unsigned class_index);
// false if the pointer is no object of an overflow span.
bool bp_overflow_give(void *pointer);
// The class of the object, or 0.
unsigned bp_overflow_class_of(const void *pointer);

#endif
