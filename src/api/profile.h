// SPDX-License-Identifier: MIT
// The heap profile as its users see it: the options, the calls of bumpalloc.h, and requests from
// outside (thread/outside.h), whose argument is "start", "start BYTES", "stop" or "write FILE".
#ifndef BP_API_PROFILE_H
#define BP_API_PROFILE_H

#include <stddef.h>

// What the options say, while booting.
void bp_profile_begin(void);
// The file, and the report of what is still in use.
void bp_profile_at_exit(void);
// On stderr: live samples by the place they were allocated, largest first. It does not say that
// they are lost: whether anything points to them is not known.
void bp_leaks_report(void);

#endif
