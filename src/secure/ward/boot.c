// SPDX-License-Identifier: MIT
#include "ward/boot.h"

#include "base/atomics.h"
#include "core/lock.h"
#include "core/options.h"
#include "core/seal.h"
#include "guard/guard.h"
#include "os/os.h"
#include "os/os_guard.h"
#include "thread/boot.h"
#include "thread/registry.h"
#include "ward/table.h"

enum { NOT_YET, RUNNING, READY };
enum { POOL_BYTES = 32 << 10, POOL_MIN = 4 };

// Threads that have no ward yet, or none any more: no class has objects there.
static const struct bp_ward none, ended;
_Thread_local struct bp_ward *bp_ward_cell = (struct bp_ward *)(size_t)&none;

static uint8_t classes[BP_SMALL_MAX / 16 + 1];
const uint8_t *const bp_ward_classes = classes;

static bp_atomic_u32 state;
static bp_atomic_u32 fork_unhooked = true;
static struct {
    struct bp_lock lock; // rank PARKED_WARDS: guards the list
    struct bp_ward *head;
} parked = {.lock = BP_LOCK_INIT(BP_RANK_PARKED_WARDS)};

static void bins_init(struct bp_ward *ward)
{
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        size_t fits = POOL_BYTES / bp_class[i].object_bytes;
        size_t capacity = bp_min(bp_max(fits, POOL_MIN), BP_WARD_POOL_MAX);
        capacity = (size_t)1 << bp_log2_floor(capacity);
        ward->bin[i].capacity = (uint16_t)capacity;
        ward->bin[i].mask = (uint16_t)(capacity - 1);
        ward->bin[i].object_bytes = bp_class[i].object_bytes;
    }
}

static size_t ward_bytes(void)
{
    return bp_align_up(sizeof(struct bp_ward), bp_os_page_bytes());
}

static struct bp_ward *ward_create(void)
{
    void *fresh;
    if (bp_os_map_guarded(ward_bytes(), &fresh))
        return NULL;
    struct bp_ward *ward = fresh;
    bp_os_entropy(&ward->random, 1);
    bins_init(ward);
    return ward;
}

static struct bp_ward *ward_obtain(void)
{
    bp_lock_take(&parked.lock);
    struct bp_ward *ward = parked.head;
    if (ward)
        parked.head = ward->next;
    bp_lock_give(&parked.lock);
    return ward ? ward : ward_create();
}

// The thread ends: what its ward holds waits with it for the next thread.
static void ward_park(void *argument)
{
    struct bp_ward *ward = argument;
    bp_ward_cell = (struct bp_ward *)(size_t)&ended;
    bp_lock_take(&parked.lock);
    ward->next = parked.head;
    parked.head = ward;
    bp_lock_give(&parked.lock);
}

static void fork_prepare(void)
{
    bp_lock_take_for_fork(&parked.lock);
    bp_lock_take_for_fork(bp_ward_table_lock());
}

static void fork_done(void)
{
    bp_lock_give_after_fork(&parked.lock);
    bp_lock_give_after_fork(bp_ward_table_lock());
}

// May allocate; if it is refused, each further thread tries again.
static void fork_hook(void)
{
    // pairs with nothing: it only elects who registers
    if (bp_cas_u32_acquire(&fork_unhooked, true, false) &&
        bp_os_guard_fork(fork_prepare, fork_done, fork_done))
        bp_store_u32_relaxed(&fork_unhooked, true);
}

static void boot(void)
{
    bp_seal_draw();
    bp_options.nofree = 0; // it would go past every ward
    bp_guard_stop();       // so would guards, and large objects have them anyway
    for (size_t i = 0; i <= BP_SMALL_MAX / 16; i++)
        classes[i] = (uint8_t)bp_class_for(i * 16);
    bp_seal();
    bp_os_guard_exit_register(ward_park);
}

// Who comes here first was led past bp_boot, which is over; nothing in boot allocates.
static void boot_once(void)
{
    // pairs with the release below: secrets and classes are there
    if (bp_load_u32_acquire(&state) == READY) {
        fork_hook();
        return;
    }
    // pairs with nothing: it only elects who boots
    if (bp_cas_u32_acquire(&state, NOT_YET, RUNNING)) {
        boot();
        // pairs with the acquire above and below
        bp_store_u32_release(&state, READY);
        fork_hook(); // after READY, since it may allocate
        return;
    }
    // pairs with the release above
    while (bp_load_u32_acquire(&state) != READY)
        bp_os_yield();
}

struct bp_ward *bp_ward_enter(void)
{
    struct bp_ward *ward = bp_ward_cell;
    if (BP_LIKELY(ward != &none))
        return ward == &ended ? NULL : ward;
    boot_once();
    if (bp_ward_cell != &none) // boot_once may have come by here
        return bp_ward_enter();
    ward = ward_obtain();
    if (!ward)
        return NULL;
    bp_ward_cell = ward;
    if (bp_os_guard_exit_arm(ward)) // may allocate, and finds the ward in place
        ward_park(ward);
    return bp_ward_enter();
}
