// SPDX-License-Identifier: MIT
// Inside spans in direct mappings: each object is in use, free in the span's chain, or ahead of
// what was used; and the lists of those that have room.
#ifndef FAULT_OVERFLOW_H
#define FAULT_OVERFLOW_H

struct bp_direct_entry;

// Under the lock of direct mappings.
void overflow_check(const struct bp_direct_entry *span);
// After all of them: each class's list has one head and one end, or neither.
void overflow_check_lists(void);

#endif
