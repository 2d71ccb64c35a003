// SPDX-License-Identifier: MIT
// Boot, straight up through the layers: options, limits, the reservation, the common heap, and the
// hooks at a thread's end and at fork. Once, by whoever comes first; others wait for it.
#ifndef BP_THREAD_BOOT_H
#define BP_THREAD_BOOT_H

#include "base/attr.h"
#include "thread/registry.h"

void bp_boot(void);

// The calling thread may use everything after this: it has a heap, if one can be had.
static inline void bp_boot_thread(void)
{
    if (BP_LIKELY(bp_heap_tls != &bp_heap_none))
        return;
    bp_boot();
    bp_registry_attach();
}

#endif
