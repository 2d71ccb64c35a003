// SPDX-License-Identifier: MIT
// What the user asked for. Filled once, before the first allocation returns, and constant then.
// Parsing never allocates; a bad value costs one line on stderr and counts as not given.
#ifndef BP_CORE_OPTIONS_H
#define BP_CORE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct bp_options {
    size_t reserve_bytes;        // BUMPALLOC_RESERVE: 0 = no reservation
    bool realloc_zero_allocates; // BUMPALLOC_REALLOC_ZERO=alloc: realloc(p, 0) is a new object
};

extern struct bp_options bp_options;

void bp_options_read(void);

#endif
