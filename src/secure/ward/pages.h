// SPDX-License-Identifier: MIT
// What stands in pages. Whole pages, committed and private; those that no memory is behind are left
// so, as far as the system tells.
#ifndef BP_WARD_PAGES_H
#define BP_WARD_PAGES_H

#include <stdbool.h>
#include <stddef.h>

// They read zero from here on.
void bp_pages_clear(char *at, size_t n_bytes);
// The same, and their memory goes if the system and BUMPALLOC_PURGE let it.
bool bp_pages_drop(char *at, size_t n_bytes);
bool bp_pages_are_zero(char *at, size_t n_bytes);

#endif
