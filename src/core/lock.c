// SPDX-License-Identifier: MIT
// The slow half of the lock: spin briefly, then sleep (Drepper, "Futexes are tricky", mutex 2).
#include "core/lock.h"

#include "base/check.h"
#include "os/os.h"
#include "os/thread_local.h"

enum { SPIN_ROUNDS = 64 };

#if BP_CHECKS
// How many locks of each rank this thread holds.
static BP_USED BP_THREAD_LOCAL unsigned char held_count[BP_RANK_COUNT];
#define held BP_THREAD_LOCAL_AT(held_count)

void bp_lock_note_taken(struct bp_lock *lock)
{
    for (uint32_t rank = lock->rank; rank < BP_RANK_COUNT; rank++)
        bp_assert(held[rank] == 0);
    held[lock->rank]++;
}

void bp_lock_note_given(struct bp_lock *lock)
{
    bp_assert(held[lock->rank] > 0);
    held[lock->rank]--;
}
#endif

void bp_lock_wait(struct bp_lock *lock)
{
    for (int i = 0; i < SPIN_ROUNDS; i++) {
        bp_spin_hint();
        // pairs with bp_lock_give: what the last holder wrote is visible
        if (bp_load_u32_relaxed(&lock->state) == 0 && bp_cas_u32_acquire(&lock->state, 0, 1))
            return;
    }
    // pairs with bp_lock_give: as above, and 2 makes the holder wake us
    while (bp_exchange_u32_acquire(&lock->state, 2) != 0)
        bp_os_wait(&lock->state, 2);
}

void bp_lock_wake(struct bp_lock *lock)
{
    bp_os_wake(&lock->state);
}

void bp_lock_take_for_fork(struct bp_lock *lock)
{
    // pairs with bp_lock_give: the fork sees every structure at rest
    if (!bp_cas_u32_acquire(&lock->state, 0, 1))
        bp_lock_wait(lock);
}

void bp_lock_give_after_fork(struct bp_lock *lock)
{
    // pairs with bp_lock_take; in the child nobody sleeps, and a wake is harmless
    if (bp_exchange_u32_release(&lock->state, 0) == 2)
        bp_lock_wake(lock);
}
