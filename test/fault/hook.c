// SPDX-License-Identifier: MIT
#include "hook.h"

#include "core/counters.h"
#include "reserve/meta.h"

#include "thread/worker.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

const char *const kind_names[KIND_COUNT] = {
    "reserve", "commit", "decommit", "purge", "map",  "move", "advise", "barrier", "thread",
    "guard",   "unmap",  "file",     "ask",   "fork", "trap", "wait",   "nap",     "any call"};

static struct fault armed;
static unsigned seen, hits, denials;
static size_t ceiling;

static unsigned count_up(unsigned *counter)
{
    return __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

static bool is_due(enum bp_os_call call)
{
    if (!armed.nth || (armed.kind != ANY_CALL && armed.kind != (int)call))
        return false;
    unsigned nth = count_up(&seen);
    return nth == armed.nth || (armed.for_good && nth > armed.nth);
}

// What is not metadata, which is never given back: the first chunk's place is random, and when it
// is at an end of several arrays about chunks, they grow by more than a ceiling leaves.
static size_t committed_for_blocks(void)
{
    size_t committed = bp_load_relaxed(&bp_counters.committed_bytes);
    for (int area = 0; area < BP_META_COUNT; area++)
        committed -= bp_meta_committed[area];
    return committed;
}

static bool is_above_ceiling(enum bp_os_call call)
{
    if (!ceiling)
        return false;
    return call == BP_OS_MAP || (call == BP_OS_COMMIT && committed_for_blocks() > ceiling);
}

// --- the background worker ---

static bool hold, held;
static unsigned naps;

// Its thread alone has all signals blocked.
static bool is_worker(void)
{
    static __thread int known; // 1: no, 2: yes
    sigset_t blocked;
    if (!known) {
        pthread_sigmask(SIG_BLOCK, NULL, &blocked);
        known = 1 + sigismember(&blocked, SIGTERM);
    }
    return known == 2;
}

static void worker_waits(enum bp_os_call call)
{
    while (call == BP_OS_NAP && __atomic_load_n(&hold, __ATOMIC_ACQUIRE)) {
        __atomic_store_n(&held, true, __ATOMIC_RELEASE);
        sched_yield();
    }
    __atomic_store_n(&held, false, __ATOMIC_RELEASE);
    count_up(&naps);
    sched_yield();
}

static bool has_worker(void)
{
    uint32_t state = bp_load_u32_relaxed(&bp_worker_state);
    return state == BP_WORKER_AWAKE || state == BP_WORKER_ASLEEP;
}

void hook_hold_worker(void)
{
    __atomic_store_n(&hold, true, __ATOMIC_RELEASE);
    while (has_worker() && !__atomic_load_n(&held, __ATOMIC_ACQUIRE)) {
        bp_worker_wake();
        sched_yield();
    }
}

void hook_release_worker(void)
{
    __atomic_store_n(&hold, false, __ATOMIC_RELEASE);
    while (__atomic_load_n(&held, __ATOMIC_ACQUIRE))
        sched_yield();
}

unsigned hook_naps(void)
{
    return __atomic_load_n(&naps, __ATOMIC_RELAXED);
}

// --- the hook ---

static int answer(enum bp_os_call call)
{
    if ((call == BP_OS_WAIT || call == BP_OS_NAP) && is_worker()) {
        worker_waits(call);
        return EINTR;
    }
    bool due = is_due(call);
    if (due)
        count_up(&hits);
    if (due || is_above_ceiling(call)) {
        count_up(&denials);
        return ENOMEM;
    }
    return 0;
}

void hook_install(void)
{
    bp_os_fault_hook = answer;
}

void hook_arm(const struct fault *fault)
{
    armed = *fault;
    seen = hits = 0;
    hook_install();
}

void hook_disarm(void)
{
    armed.nth = 0;
    ceiling = 0;
}

bool hook_is_armed(void)
{
    return armed.nth != 0;
}

void hook_ceiling(size_t more_bytes)
{
    ceiling = committed_for_blocks() + more_bytes;
}

unsigned hook_hits(void)
{
    return __atomic_load_n(&hits, __ATOMIC_RELAXED);
}

unsigned hook_seen(void)
{
    return __atomic_load_n(&seen, __ATOMIC_RELAXED);
}

unsigned hook_denials(void)
{
    return __atomic_load_n(&denials, __ATOMIC_RELAXED);
}

unsigned hook_refusals(void)
{
    return hook_denials() + (unsigned)bp_load_relaxed(&bp_counters.limit_failures);
}
