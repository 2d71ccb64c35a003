// SPDX-License-Identifier: MIT
#include "thread/outside.h"

#include "core/options.h"
#include "thread/request.h"

struct bp_outside bp_outside;
void (*bp_outside_on_profile)(const char *argument);

static void profile(void)
{
    bp_outside.argument[sizeof(bp_outside.argument) - 1] = 0;
    if (bp_outside_on_profile)
        bp_outside_on_profile(bp_outside.argument);
}

void bp_outside_serve(void)
{
    // pairs with the kernel's write on behalf of the outsider: the argument came before
    uint32_t asked = bp_exchange_u32_acquire(&bp_outside.pending, 0);
    if (!asked || !bp_options.outside)
        return;
    if (asked & BP_OUTSIDE_TRIM)
        bp_store_relaxed(&bp_outside.released_bytes, bp_request_trim());
    if (asked & BP_OUTSIDE_PROFILE)
        profile();
    // pairs with the outsider's read: what was asked for is done
    bp_store_u32_release(&bp_outside.served, bp_load_u32_relaxed(&bp_outside.served) + 1);
}

void bp_outside_after_fork(void)
{
    bp_store_u32_relaxed(&bp_outside.pending, 0);
    bp_store_u32_relaxed(&bp_outside.served, 0);
}
