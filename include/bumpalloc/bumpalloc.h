// SPDX-License-Identifier: MIT
// libbumpalloc: what a program may ask of its allocator beyond the malloc family.
// The malloc family itself keeps its standard names and headers (<stdlib.h>, <malloc.h>).
// This header includes all others: error, region, stream, arena, allocator, stable, large, stats.
// The functions in it may be called from any thread; none sets errno unless it says so.
#ifndef BUMPALLOC_BUMPALLOC_H
#define BUMPALLOC_BUMPALLOC_H

#include "allocator.h"
#include "arena.h"
#include "error.h"
#include "large.h"
#include "region.h"
#include "stable.h"
#include "stats.h"
#include "stream.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BUMP_VERSION "0.1.0"

// The version of the library in use, a constant string.
const char *bump_version(void);

// Is the pointer an address of this allocator's (allocated or not)? NULL is not.
bool bump_owns(const void *pointer);

// Gives all free memory back to the system at once, other threads' spare magazines and slots
// included; what a live thread is using at the moment stays with it. Returns the bytes released.
size_t bump_purge(void);

// A program may define this string: options without their prefix, "purge_floor=32M,thp=never". The
// environment goes before it. The library reads it once, with the first call, and keeps no pointer.
extern const char *bumpalloc_conf;

#ifdef __cplusplus
}
#endif

#endif
