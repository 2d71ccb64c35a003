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

enum { ROUND_MS = 500, QUIET_ROUNDS = 4, OUTSIDE_MS = 1000 };
enum worker_state { WORKER_NONE, WORKER_AWAKE, WORKER_ASLEEP, WORKER_REFUSED };

static bp_atomic_u32 state;

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
        bp_os_wait_ms(&state, WORKER_AWAKE, ROUND_MS);
        bp_outside_poll();
        bool idle = activity() == seen;
        seen = activity();
        if (look(&mark, idle) || !idle)
            quiet = 0;
    }
}

// Another process cannot wake us: its requests have to be looked for.
static void wait_asleep(void)
{
    if (bp_options.outside)
        bp_os_wait_ms(&state, WORKER_ASLEEP, OUTSIDE_MS);
    else
        bp_os_wait(&state, WORKER_ASLEEP);
}

static void sleep_until_woken(void)
{
    size_t seen = activity();
    bp_store_u32_relaxed(&state, WORKER_ASLEEP);
    // pairs with the fence in bp_worker_wake: it sees us asleep, or we see what it did
    bp_fence_full();
    if (activity() != seen)
        bp_store_u32_relaxed(&state, WORKER_AWAKE);
    while (bp_load_u32_relaxed(&state) == WORKER_ASLEEP) {
        wait_asleep();
        bp_outside_poll();
    }
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
    switch (bp_load_u32_relaxed(&state)) {
    case WORKER_NONE:
        // Creating a thread allocates and comes by here again: AWAKE by then.
        if (bp_cas_u32_acquire(&state, WORKER_NONE, WORKER_AWAKE) && // pairs with nothing: elects
            bp_os_thread_start(worker_main))
            bp_store_u32_relaxed(&state, WORKER_REFUSED);
        return;
    case WORKER_ASLEEP:
        // pairs with nothing: it elects who wakes
        if (bp_cas_u32_acquire(&state, WORKER_ASLEEP, WORKER_AWAKE))
            bp_os_wake(&state);
        return;
    default:
        return;
    }
}

void bp_worker_after_fork(void)
{
    bp_store_u32_relaxed(&state, WORKER_NONE);
}
