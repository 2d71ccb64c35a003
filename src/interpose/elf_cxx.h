// SPDX-License-Identifier: MIT
// The operators of which the C++ standard makes the others: sized and nothrow delete are delete,
// new[] is new, and so on. A program may replace these alone, and then means the others too; its
// delete may be a pool's, to which an object of ours is poison, and the other way round.
// Invariant: each operator that is made of another looks whether that one is still ours.
#ifndef BP_INTERPOSE_ELF_CXX_H
#define BP_INTERPOSE_ELF_CXX_H

#include "base/attr.h"

#include <stddef.h>

struct bp_cxx_base {
    void *(*new_one)(size_t n_bytes);
    void *(*new_array)(size_t n_bytes);
    void *(*new_aligned)(size_t n_bytes, size_t align);
    void *(*new_array_aligned)(size_t n_bytes, size_t align);
    void (*delete_one)(void *object);
    void (*delete_array)(void *object);
    void (*delete_aligned)(void *object, size_t align);
    void (*delete_array_aligned)(void *object, size_t align);
};

// What the process calls by these names, and what we have under them. The loader fills the first.
// They are in a file of their own: where the names are defined, a compiler knows better than to
// look.
extern BP_HIDDEN const struct bp_cxx_base bp_cxx_named, bp_cxx_own;

#endif
