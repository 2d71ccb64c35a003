// SPDX-License-Identifier: MIT
// The profile as a message of the pprof format (github.com/google/pprof, proto/profile.proto), in
// the sample types that Go's heap profiles have, and two for the peak:
//   alloc_objects, alloc_space, inuse_objects, inuse_space, peak_objects, peak_space.
// Addresses are those of calls, without names: readers find these in the files of the mappings.
#ifndef BP_PROFILE_PPROF_H
#define BP_PROFILE_PPROF_H

#include "profile/buffer.h"

#include <stdbool.h>
#include <stddef.h>

// False if memory for it was refused.
bool bp_pprof_encode(struct bp_buffer *ret_message, size_t mean_bytes);

#endif
