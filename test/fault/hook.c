// SPDX-License-Identifier: MIT
#include "hook.h"

#include "core/counters.h"
#include "reserve/meta.h"

#include <errno.h>

const char *const kind_names[KIND_COUNT] = {
    "reserve", "commit", "decommit", "purge", "map",  "move", "advise", "barrier", "thread",
    "guard",   "unmap",  "file",     "ask",   "fork", "trap", "wait",   "any call"};

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

static int answer(enum bp_os_call call)
{
    bool due = is_due(call);
    if (due)
        count_up(&hits);
    if (due || is_above_ceiling(call)) {
        count_up(&denials);
        return ENOMEM;
    }
    return 0;
}

void hook_arm(const struct fault *fault)
{
    armed = *fault;
    seen = hits = 0;
    bp_os_fault_hook = answer;
}

void hook_disarm(void)
{
    armed.nth = 0;
    ceiling = 0;
    bp_os_fault_hook = NULL;
}

bool hook_is_armed(void)
{
    return armed.nth != 0;
}

void hook_ceiling(size_t more_bytes)
{
    ceiling = committed_for_blocks() + more_bytes;
    bp_os_fault_hook = answer;
}

unsigned hook_hits(void)
{
    return __atomic_load_n(&hits, __ATOMIC_RELAXED);
}

unsigned hook_denials(void)
{
    return __atomic_load_n(&denials, __ATOMIC_RELAXED);
}
