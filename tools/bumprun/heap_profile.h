// SPDX-License-Identifier: MIT
// A heap profile as the library writes it (src/profile/pprof.h), in memory, with names for its
// addresses. What was written by others, with compressed blocks, is refused with a message.
#ifndef BUMPRUN_HEAP_PROFILE_H
#define BUMPRUN_HEAP_PROFILE_H

#include <stddef.h>
#include <stdint.h>

enum { PROFILE_TYPES = 6, PROFILE_DEPTH_MAX = 256 };

struct profile_mapping {
    uint64_t id, start, limit, offset, file; // file: an index into strings
    struct symbols *symbols;                 // NULL: not looked for yet
};

struct profile_stack {
    uint32_t depth;
    int64_t value[PROFILE_TYPES];
    uint64_t address[PROFILE_DEPTH_MAX]; // of calls, innermost first
};

struct heap_profile {
    struct profile_mapping *mappings;
    struct profile_stack *stacks;
    char **strings;
    size_t mapping_count, stack_count, string_count;
    uint64_t type_name[PROFILE_TYPES]; // an index into strings
    size_t type_count;
    int64_t period_bytes;
};

// Reads a file, or ends the program with a line.
void heap_profile_read(const char *path, struct heap_profile *ret_profile);
// The value of each stack that a type names ("inuse_space"), or -1.
int heap_profile_type(const struct heap_profile *profile, const char *name);
// The function at an address; stays valid. "[file]" or "[unknown]" where there is none.
const char *heap_profile_name(struct heap_profile *profile, uint64_t address);

#endif
