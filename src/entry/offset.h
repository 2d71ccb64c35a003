// SPDX-License-Identifier: MIT
// What Microsoft's family has beyond the C standard, under neutral names. Invariants:
//  1. A block from offset_alloc is such that block + offset is aligned. If the offset is no
//     multiple of the alignment, the block begins inside an object; where that starts stands just
//     before it, with a mark. Only this family's free takes such blocks.
//  2. The bytes behind a request, up to the usable size, are zero in blocks that calloc and the
//     functions here cleared; so recalloc finds zeros where the caller has not been.
// Errors: EINVAL for what makes no sense, ENOMEM for want of memory; NULL either way.
#ifndef BP_ENTRY_OFFSET_H
#define BP_ENTRY_OFFSET_H

#include <stdbool.h>
#include <stddef.h>

void *bp_entry_offset_alloc(size_t n_bytes, size_t align, size_t offset);
void bp_entry_offset_free(void *pointer);
size_t bp_entry_offset_usable(void *pointer, size_t align, size_t offset);
// zero: what is beyond the old block's usable size is cleared.
void *bp_entry_offset_realloc(void *pointer, size_t n_bytes, size_t align, size_t offset,
                              bool zero);
// realloc for an array whose new elements are zero.
void *bp_entry_recalloc(void *pointer, size_t count, size_t n_bytes);
// Usable bytes; SIZE_MAX and EINVAL for NULL.
size_t bp_entry_msize(void *pointer);
// More or fewer bytes in place, or NULL.
void *bp_entry_expand(void *pointer, size_t n_bytes);

#endif
