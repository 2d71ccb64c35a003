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

// The heap profile: from now on one allocation is sampled in mean_bytes allocated bytes, on average
// (0: 512 KiB), with its stack. 0, or ENOMEM. BUMPALLOC_PROFILE does so from the start.
int bump_profile_start(size_t mean_bytes);
// No more samples; what was sampled so far is still followed.
void bump_profile_stop(void);
// Writes what was sampled since the first start to a file, in the format of pprof, gzip'd; "%p" in
// the path stands for the process's number. 0, EINVAL before any start, EBUSY while another thread
// writes one, or what the system answered. errno is left as it is.
int bump_profile_write(const char *path);

#ifdef __cplusplus
}
#endif

#endif
