// SPDX-License-Identifier: MIT
#include "thread/boot.h"

#include "core/options.h"
#include "core/report.h"
#include "guard/guard.h"
#include "os/os.h"
#include "reserve/limit.h"
#include "reserve/reserve.h"
#include "thread/fork.h"

// Most processes are short: what a process that never allocates touches is not zero, and so stands
// in a page that the loader has written to.
enum { BOOT_NOT_YET = 1, BOOT_RUNNING, BOOT_READY };

static bp_atomic_u32 state = BOOT_NOT_YET;
static bp_atomic_u32 fork_unhooked = true;

static void guards_refused(int code)
{
    struct bp_line line = {.length = 0};
    bp_line_text(&line, "bumpalloc: BUMPALLOC_GUARD: nothing is guarded: error ");
    bp_line_decimal(&line, (size_t)code);
    bp_line_send(&line);
    bp_guard_stop();
}

// With nofree no place would ever come back.
static void guards_start(void)
{
    int code = bp_options.guard && !bp_options.nofree ? bp_guard_start(bp_options.guard) : 0;
    if (code)
        guards_refused(code);
}

static void guards_watch(void)
{
    int code = bp_guard_is_on() ? bp_guard_watch() : 0;
    if (code)
        guards_refused(code);
}

static void boot(void (*report)(void))
{
    struct bp_os_quota quota;
    bp_options_read();
    bp_os_quota_read("", &quota);
    bp_limit_init(bp_options.limit_bytes, quota.memory_bytes);
    bp_reserve_init(bp_options.reserve_bytes);
    bp_options.nofree &= bp_reservation.n_bytes != 0; // a sequence needs chunks
    bp_registry_set_cpus(quota.cpu_count);
    bp_depot_init();
    bp_registry_init();
    guards_start();
    bp_os_thread_exit_register(bp_registry_thread_ended);
    if (report)
        report();
}

// Who forks has booted: a child whose parent was in the middle of it would wait for ever. Without
// options, which boot early, there is nothing to report.
static void fork_prepare(void)
{
    bp_boot(NULL);
    bp_fork_prepare();
}

// May allocate, once other libraries have registered many hooks.
static BP_COLD void fork_hook(void)
{
    // pairs with nothing: it only elects who registers
    if (bp_cas_u32_acquire(&fork_unhooked, true, false) &&
        bp_os_fork_register(fork_prepare, bp_fork_parent, bp_fork_child))
        bp_store_u32_relaxed(&fork_unhooked, true);
}

// A process of one thread forks well without hooks. So if they were refused, each further thread
// tries again.
static void fork_hook_again(void)
{
    if (bp_load_u32_relaxed(&fork_unhooked))
        fork_hook();
}

bool bp_boot_is_done(void)
{
    // pairs with the release in bp_boot
    return bp_load_u32_acquire(&state) == BOOT_READY;
}

void bp_boot_early(void (*report)(void))
{
    fork_hook();
    if (bp_options_any())
        bp_boot(report);
}

// Nothing in boot allocates, or calls what programs hook (os/os_syscall.h): nobody waits for
// itself.
void bp_boot(void (*report)(void))
{
    // pairs with the release below: the reservation is laid out
    if (bp_load_u32_acquire(&state) == BOOT_READY) {
        fork_hook_again();
        return;
    }
    // pairs with nothing: it only elects who boots
    if (bp_cas_u32_acquire(&state, BOOT_NOT_YET, BOOT_RUNNING)) {
        boot(report);
        // pairs with the acquire above and below
        bp_store_u32_release(&state, BOOT_READY);
        fork_hook(); // after READY, since it may allocate
        guards_watch();
        return;
    }
    // pairs with the release above
    while (bp_load_u32_acquire(&state) != BOOT_READY)
        bp_os_yield();
}
