// SPDX-License-Identifier: MIT
// Boot, straight up through the layers: options, limits, the reservation, the common heap, and the
// hooks at a thread's end and at fork. Once, by whoever comes first; others wait for it.
#ifndef BP_THREAD_BOOT_H
#define BP_THREAD_BOOT_H

#include "base/attr.h"
#include "thread/registry.h"

// report: what the layers above say when all is set up; it does not allocate. NULL for nothing.
void bp_boot(void (*report)(void));

// What has to come before the program: the fork hooks, so that they are the first, and other
// libraries' may still allocate when theirs run; and a boot if any option was given, which may have
// something to say. Else the first request boots: many programs never make one.
BP_COLD void bp_boot_early(void (*report)(void));
// Has anybody booted?
BP_COLD bool bp_boot_is_done(void);

// The calling thread may use everything after this: it has a heap, if one can be had.
static inline void bp_boot_thread(void (*report)(void))
{
    if (BP_LIKELY(bp_heap_tls != &bp_heap_none))
        return;
    bp_boot(report);
    bp_registry_attach();
}

#endif
