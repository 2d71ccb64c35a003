// SPDX-License-Identifier: MIT
// Fault injection for the checks build: every OS call that can fail asks here first.
// In the release build the question is a constant.
#ifndef BP_OS_FAULT_H
#define BP_OS_FAULT_H

#include "os/os.h"

static inline int bp_os_injected_fault(enum bp_os_call call)
{
    return BP_CHECKS && bp_os_fault_hook ? bp_os_fault_hook(call) : 0;
}

#endif
