// SPDX-License-Identifier: MIT
// Direct mappings: requests that nothing in the reservation holds get an mmap of their own.
// They are remembered in a hash table out of line; its lock is rank DIRECT. The mapping starts
// at the object and is as large as its usable bytes.
#ifndef BP_REGION_DIRECT_H
#define BP_REGION_DIRECT_H

#include <stdbool.h>
#include <stddef.h>

struct bp_lock;

// Zeroed; NULL if memory has run out.
void *bp_direct_take(size_t n_bytes, size_t align);
// false if the pointer is none of ours.
bool bp_direct_give(void *pointer);
// Usable bytes, 0 if the pointer is none of ours.
size_t bp_direct_usable(const void *pointer);
// Resized, perhaps elsewhere, its contents kept; NULL (nothing changed) if memory has run out.
void *bp_direct_resize(void *pointer, size_t n_bytes);
struct bp_lock *bp_direct_lock(void);

#endif
