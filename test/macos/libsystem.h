// SPDX-License-Identifier: MIT
// A stand-in for macOS's libSystem on Linux, as far as the library uses it: numbers translated, a
// registry of zones that moves the last zone to the place of one that leaves, a default zone that
// stands for whichever is first, a system zone that knows what it handed out, and a fork that calls
// the zones' hooks as libmalloc does.
#ifndef MACOS_LIBSYSTEM_H
#define MACOS_LIBSYSTEM_H

#include "interpose/macos_zone.h"

#include <stdbool.h>

struct libsystem_function {
    const char *name;
    void *function;
};
#define OTHER(name, function)                                                                      \
    {                                                                                              \
#name, (void *)(size_t)(function)                                                          \
    }
extern const struct libsystem_function libsystem_zone_functions[]; // a NULL name ends it
extern const struct libsystem_function libsystem_memory_functions[];

// The function of that name; NULL if there is no stand-in.
void *libsystem_resolve(const char *name);

// The system zone: its own calls, and how many of its blocks there are.
void *libsystem_malloc(size_t n_bytes);
bool libsystem_owns(const void *pointer);
unsigned libsystem_block_count(void);

// How many whole pieces of 128 MiB the kernel's map was cut into by mmap.
size_t libsystem_pieces(void);
// What was reserved so that it can never be accessed.
size_t libsystem_closed_bytes(void);

// The registry.
struct bp_zone *libsystem_zone_at(unsigned index);
unsigned libsystem_zone_count(void);

#endif
