// SPDX-License-Identifier: MIT
#include "thread/worker.h"

#include "core/counters.h"
#include "os/os.h"
#include "region/depot.h"
#include "region/purge.h"
#include "reserve/stamp.h"
#include "thread/outside.h"
#include "thread/recall.h"
#include "thread/registry.h"

enum { ROUND_MS = 500, QUIET_ROUNDS = 4 };

bp_atomic_u32 bp_worker_state;

static size_t activity(void)
{
    return bp_load_relaxed(&bp_counters.returns);
}

// One look; returns the bytes released. *mark is the stamp of the look before; idle: nothing was
// freed on a slow path since then.
static size_t look(uint32_t *mark, bool idle)
{
    bp_depot_drain_idle();
    bp_registry_flush_parked_idle();
    bp_recall_finish();
    bp_recall_begin();
    size_t released = bp_purge_older(*mark) + (idle ? bp_depot_punch_all() : 0);
    *mark = bp_stamp_next();
    return released;
}

static void look_until_quiet(void)
{
    uint32_t mark = bp_stamp_next();
    size_t seen = activity();
    bp_recall_begin();
    for (unsigned quiet = 0; quiet < QUIET_ROUNDS; quiet++) {
        bp_os_wait_ms(&bp_worker_state, BP_WORKER_AWAKE, ROUND_MS);
        bp_outside_poll();
        bool idle = activity() == seen;
        seen = activity();
        if (look(&mark, idle) || !idle)
            quiet = 0;
    }
}

static void sleep_until_woken(void)
{
    size_t seen = activity();
    bp_store_u32_relaxed(&bp_worker_state, BP_WORKER_ASLEEP);
    // pairs with the fence in bp_worker_wake, and with the outsider's system calls: they see us
    // asleep, or we see what they did
    bp_fence_full();
    if (activity() != seen || bp_outside_is_asked())
        bp_store_u32_relaxed(&bp_worker_state, BP_WORKER_AWAKE);
    while (bp_load_u32_relaxed(&bp_worker_state) == BP_WORKER_ASLEEP)
        bp_os_wait(&bp_worker_state, BP_WORKER_ASLEEP);
    bp_outside_poll();
}

static void worker_main(void)
{
    for (;;) {
        look_until_quiet();
        sleep_until_woken();
    }
}

void bp_worker_wake(void)
{
    // pairs with the fence in sleep_until_woken
    bp_fence_full();
    switch (bp_load_u32_relaxed(&bp_worker_state)) {
    case BP_WORKER_NONE:
        // Creating a thread allocates and comes by here again: AWAKE by then.
        // pairs with nothing: it elects who creates
        if (bp_cas_u32_acquire(&bp_worker_state, BP_WORKER_NONE, BP_WORKER_AWAKE) &&
            bp_os_thread_start(worker_main))
            bp_store_u32_relaxed(&bp_worker_state, BP_WORKER_REFUSED);
        return;
    case BP_WORKER_ASLEEP:
        // pairs with nothing: it elects who wakes
        if (bp_cas_u32_acquire(&bp_worker_state, BP_WORKER_ASLEEP, BP_WORKER_AWAKE))
            bp_os_wake(&bp_worker_state);
        return;
    default:
        return;
    }
}

void bp_worker_after_fork(void)
{
    bp_store_u32_relaxed(&bp_worker_state, BP_WORKER_NONE);
}
