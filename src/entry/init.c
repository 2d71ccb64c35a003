// SPDX-License-Identifier: MIT
// Boot, straight up through the layers; the only file that knows all of them.
#include "api/report.h"
#include "core/options.h"
#include "entry/entry.h"
#include "os/os.h"
#include "reserve/limit.h"
#include "reserve/reserve.h"
#include "thread/fork.h"
#include "thread/registry.h"

enum { INIT_NOT_YET, INIT_RUNNING, INIT_READY };

static bp_atomic_u32 init_state;

static void boot(void)
{
    struct bp_os_quota quota;
    bp_options_read();
    bp_os_quota_read("", &quota);
    bp_limit_init(bp_options.limit_bytes, quota.memory_bytes);
    bp_reserve_init(bp_options.reserve_bytes);
    bp_registry_set_cpus(quota.cpu_count);
    bp_registry_init();
    bp_os_thread_exit_register(bp_registry_thread_ended);
    bp_report_options();
    bp_report_prepare();
}

// Nothing in boot allocates or can be hooked, so nobody waits for itself here.
void bp_entry_init(void)
{
    // pairs with the release below: the reservation is laid out
    if (bp_load_u32_acquire(&init_state) == INIT_READY)
        return;
    // pairs with nothing: it only elects who boots
    if (bp_cas_u32_acquire(&init_state, INIT_NOT_YET, INIT_RUNNING)) {
        boot();
        // pairs with the acquire above and below
        bp_store_u32_release(&init_state, INIT_READY);
        // May allocate, which is why it comes after READY.
        bp_os_fork_register(bp_fork_prepare, bp_fork_parent, bp_fork_child);
        return;
    }
    // pairs with the release above
    while (bp_load_u32_acquire(&init_state) != INIT_READY)
        bp_os_yield();
}

void bp_entry_attach(void)
{
    bp_entry_init();
    bp_registry_attach();
}
