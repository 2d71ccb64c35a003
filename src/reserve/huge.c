// SPDX-License-Identifier: MIT
#include "reserve/huge.h"

#include "base/bits.h"
#include "core/counters.h"
#include "core/options.h"
#include "os/os.h"
#include "reserve/limit.h"

#define BULK_BYTES (64 * BP_MIB)

static bool is_off(void)
{
    return bp_options.thp == BP_THP_NEVER || bp_options.purge == BP_PURGE_NEVER;
}

void bp_huge_init(void *base, size_t n_bytes)
{
    if (bp_options.thp != BP_THP_ALWAYS && bp_options.purge != BP_PURGE_NEVER)
        bp_os_huge(base, n_bytes, false);
}

void bp_huge_window(void *start, size_t n_bytes, size_t in_use_bytes)
{
    bool wanted = bp_options.thp == BP_THP_ALWAYS || in_use_bytes >= BULK_BYTES;
    if (wanted && !is_off())
        bp_os_huge(start, n_bytes, true);
}

// A last unit that is three quarters full counts as whole, unless every byte counts.
static size_t end_of(size_t until)
{
    size_t slack = bp_limit_is_set() ? 0 : BP_HUGE_BYTES / 4;
    return bp_align_down(until + slack, BP_HUGE_BYTES);
}

bool bp_huge_wants(size_t from, size_t until)
{
    bool bulk = bp_options.thp == BP_THP_ALWAYS ||
                bp_load_relaxed(&bp_counters.fresh_slot_bytes) >= BULK_BYTES;
    return bulk && !is_off() && bp_align_up(from, BP_HUGE_BYTES) < end_of(until);
}

bool bp_huge_object(char *object, size_t from, size_t until)
{
    size_t start = bp_align_up(from, BP_HUGE_BYTES);
    if (!bp_huge_wants(from, until))
        return false;
    bp_os_huge(object + start, end_of(until) - start, true);
    return true;
}
