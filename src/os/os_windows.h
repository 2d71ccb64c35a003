// SPDX-License-Identifier: MIT
// What the Windows files of this layer share. The rules of os.h hold here
// too: GetLastError stays as errno does.
#ifndef BP_OS_OS_WINDOWS_H
#define BP_OS_OS_WINDOWS_H

#include "base/atomics.h"

#include <stdbool.h>
#include <stddef.h>

// A function of kernel32 that not every Windows has, remembered, or NULL.
void *bp_os_kernel_function(bp_atomic_ptr *cell, const char *name);
// Wine keeps the contract too, but not at the same prices.
bool bp_os_is_wine(void);

#endif
