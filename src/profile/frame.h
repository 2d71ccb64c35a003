// SPDX-License-Identifier: MIT
// A stack as lines on stderr, one a frame: address, function, file and offset (for addr2line).
// Allocates nothing; the dynamic loader's lock is taken for the names.
#ifndef BP_PROFILE_FRAME_H
#define BP_PROFILE_FRAME_H

#include <stdint.h>

void bp_frame_lines(const uintptr_t *addresses, uint32_t count);

#endif
