// SPDX-License-Identifier: MIT
#include "thread/clearer.h"

#include "base/attr.h"
#include "core/options.h"
#include "os/os.h"
#include "region/class_file.h"
#include "region/class_region.h"

enum { CLEARER_NONE, CLEARER_RUNS, CLEARER_REFUSED };

static bp_atomic_u32 state;
static bp_atomic_u32 changes; // of the pace; the clearer sleeps on it
static bp_atomic_u32 interval_ms;
static bp_atomic_size clear_bytes;

static size_t slots_clear(unsigned region, size_t wanted_bytes)
{
    size_t released = 0, step = 1;
    while (step && released < wanted_bytes) {
        step = bp_region_purge_oldest(region, wanted_bytes - released);
        released += step;
    }
    return released;
}

size_t bp_clearer_tick(size_t wanted_bytes)
{
    size_t released = 0;
    if (bp_options.purge == BP_PURGE_NEVER)
        return 0;
    for (unsigned region = 0; region < bp_reservation.region_count; region++)
        released += slots_clear(region, wanted_bytes);
    for (unsigned region = 0; region < BP_REGION_COUNT; region++)
        released += bp_files_purge(region, wanted_bytes);
    return released;
}

// Sleeps for the interval; false if the pace changed meanwhile.
static bool interval_passed(void)
{
    // pairs with the release in bp_clearer_set: the new pace is visible
    uint32_t seen = bp_load_u32_acquire(&changes);
    uint32_t interval = bp_load_u32_relaxed(&interval_ms);
    if (!interval) {
        bp_os_wait(&changes, seen);
        return false;
    }
    uint32_t start = bp_os_now_ms(), passed = 0;
    while (passed < interval && bp_load_u32_relaxed(&changes) == seen) {
        bp_os_wait_ms(&changes, seen, interval - passed);
        passed = bp_os_now_ms() - start;
    }
    return bp_load_u32_relaxed(&changes) == seen;
}

static void clearer_main(void)
{
    for (;;) {
        if (interval_passed())
            bp_clearer_tick(bp_load_relaxed(&clear_bytes));
    }
}

void bp_clearer_nudge(void)
{
    if (BP_LIKELY(!bp_load_u32_relaxed(&interval_ms)) || bp_load_u32_relaxed(&state))
        return;
    // pairs with nothing: it elects who creates the thread
    if (bp_cas_u32_acquire(&state, CLEARER_NONE, CLEARER_RUNS) && bp_os_thread_start(clearer_main))
        bp_store_u32_relaxed(&state, CLEARER_REFUSED);
}

void bp_clearer_set(struct bp_clearer_pace pace)
{
    bp_store_relaxed(&clear_bytes, pace.clear_bytes);
    bp_store_u32_relaxed(&interval_ms, pace.interval_ms);
    // pairs with the acquire in interval_passed. Of two that set it at once each is a change, or
    // the clearer could see the first one's number and keep its pace.
    bp_add_u32_release(&changes, 1);
    bp_os_wake(&changes);
    bp_clearer_nudge();
}

struct bp_clearer_pace bp_clearer_get(void)
{
    return (struct bp_clearer_pace){bp_load_u32_relaxed(&interval_ms),
                                    bp_load_relaxed(&clear_bytes)};
}

void bp_clearer_after_fork(void)
{
    bp_store_u32_relaxed(&state, CLEARER_NONE);
}
