// SPDX-License-Identifier: MIT
// The heap profile: samples of allocations, with the stacks they were made from. The thread layer
// decides which objects are sampled (thread/counted.h); this layer remembers them. Invariants:
//  1. While mean_bytes is 0 nothing is sampled. What was sampled before is followed to its end.
//  2. Nothing here calls back into an allocation: it may run inside any malloc.
//  3. A sampled object is served by the large path, whatever its size; its free passes
//     bp_profile_forget there, so that no other free has to look.
// May be called from any thread.
#ifndef BP_PROFILE_PROFILE_H
#define BP_PROFILE_PROFILE_H

#include "base/atomics.h"
#include "profile/samples.h"

#include <stdbool.h>
#include <stddef.h>

enum { BP_PROFILE_MEAN_DEFAULT = 512 << 10, BP_PROFILE_PATH_MAX = 4096 };

extern bp_atomic_size bp_profile_mean_bytes; // 0: off
extern bp_atomic_u32 bp_profile_used;        // 1: something may have been sampled

static inline size_t bp_profile_mean(void)
{
    return bp_load_relaxed(&bp_profile_mean_bytes);
}

// 0 or ENOMEM.
int bp_profile_start(size_t mean_bytes);
void bp_profile_stop(void);

// n_bytes were asked for; n_counted are what the sampling counted the object as. False: forgotten
// already. The caller's caller is on the stack still.
bool bp_profile_take(const void *object, size_t n_bytes, size_t n_counted);
// The object is about to be freed or resized: true if it was sampled. It can come back as it was.
bool bp_profile_forget(const void *object, struct bp_sample *ret_sample);

// Writes the profile to a file, in the pprof format, gzip'd: 0 or an errno code. "%p" in the path
// stands for the process's number.
int bp_profile_write(const char *path);
// The file that is written at exit, and at new peaks if wanted; path must live on.
void bp_profile_set_file(const char *path, bool at_peaks);
// At exit: writes that file. Not in the child of a fork, which inherited it, unless "%p" makes it
// another one.
void bp_profile_finish(void);
// In the child: nobody is writing.
void bp_profile_after_fork(void);

#endif
