// SPDX-License-Identifier: MIT
#include "thread/fork.h"

#include "core/lock.h"
#include "guard/guard.h"
#include "profile/profile.h"
#include "region/class_file.h"
#include "region/class_region.h"
#include "region/depot.h"
#include "region/direct.h"
#include "region/purge.h"
#include "reserve/chunks.h"
#include "thread/clearer.h"
#include "thread/outside.h"
#include "thread/registry.h"
#include "thread/worker.h"

// In the order of their ranks.
static void each_lock(void (*act)(struct bp_lock *))
{
    act(bp_registry_common_lock());
    act(bp_registry_lock());
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
        act(bp_depot_lock(i));
    for (unsigned region = 0; region < BP_REGION_COUNT; region++)
        act(bp_region_lock(region));
    act(bp_chunks_lock());
    act(bp_direct_lock());
    act(bp_files_lock());
    act(bp_guard_lock());
    act(bp_samples_lock());
}

void bp_fork_prepare(void)
{
    each_lock(bp_lock_take_for_fork);
    bp_files_before_fork();
}

void bp_fork_parent(void)
{
    bp_files_after_fork(false);
    each_lock(bp_lock_give_after_fork);
}

void bp_fork_child(void)
{
    bp_files_after_fork(true);
    each_lock(bp_lock_give_after_fork);
    bp_purge_after_fork();
    bp_chunks_after_fork();
    for (unsigned region = 0; region < bp_reservation.region_count; region++)
        bp_region_after_fork(region);
    bp_registry_after_fork();
    bp_worker_after_fork();
    bp_clearer_after_fork();
    bp_outside_after_fork();
    bp_profile_after_fork();
}
