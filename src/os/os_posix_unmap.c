// SPDX-License-Identifier: MIT
// Mappings that go back. With too many of them the system cannot cut one out of another, and a
// sandbox may refuse any: what it does not take is owed. It stays mapped, so that nobody is given
// it, without its memory; and is tried again when another one has gone, and when all is to go.
#include "base/bits.h"
#include "os/fault.h"
#include "os/os.h"
#include "os/os_posix.h"

#include <errno.h>
#include <sys/mman.h>

// No lock: a fork in the middle of a change costs the child that one place, and nobody waits.
enum { OWED_MAX = 128, EMPTY = 0, TAKEN, FULL };

static struct owed {
    bp_atomic_u32 state;
    size_t begin, end; // whoever made it TAKEN may look
} owed[OWED_MAX];
static bp_atomic_u32 owed_any;  // some place may be FULL
static bp_atomic_u32 owed_next; // where to look first, so that none keeps the others from a try

static bool owed_take(struct owed *it)
{
    // pairs with the release in owed_leave: what stands there is complete
    return bp_load_u32_relaxed(&it->state) == FULL && bp_cas_u32_acquire(&it->state, FULL, TAKEN);
}

static void owed_leave(struct owed *it, uint32_t state)
{
    // pairs with the acquire in owed_take and owed_put
    bp_store_u32_release(&it->state, state);
    if (state == FULL)
        bp_store_u32_relaxed(&owed_any, true);
}

static bool owed_put(size_t begin, size_t end)
{
    for (struct owed *it = owed; it < owed + OWED_MAX; it++) {
        // pairs with the release in owed_leave: who emptied it looks no more
        if (bp_load_u32_relaxed(&it->state) || !bp_cas_u32_acquire(&it->state, EMPTY, TAKEN))
            continue;
        it->begin = begin;
        it->end = end;
        owed_leave(it, FULL);
        return true;
    }
    return false;
}

// Neighbours become one: mappings stand side by side, so few places do for many of them.
static bool owed_merge(size_t *begin, size_t *end)
{
    for (struct owed *it = owed; it < owed + OWED_MAX; it++) {
        if (!owed_take(it))
            continue;
        bool touches = it->begin == *end || it->end == *begin;
        if (touches) {
            *begin = bp_min(*begin, it->begin);
            *end = bp_max(*end, it->end);
        }
        owed_leave(it, touches ? EMPTY : FULL);
        if (touches)
            return true;
    }
    return false;
}

// Returns 0 if it is to be tried again, else the code: too much is owed already.
static int owe(void *addr, size_t n_bytes, int code)
{
    size_t begin = (size_t)addr, end = begin + n_bytes;
    bp_os_empty_pages(addr, n_bytes);
    while (owed_merge(&begin, &end)) {
    }
    return owed_put(begin, end) ? 0 : code;
}

static int unmap_again(size_t begin, size_t end)
{
    int code = bp_os_injected_fault(BP_OS_UNMAP);
    return code ? code : bp_os_unmap_pages((void *)begin, end - begin);
}

// Tries at most so many of them; straight to the system, which was told of each.
static void owed_settle(unsigned tries)
{
    if (!bp_load_u32_relaxed(&owed_any))
        return;
    uint32_t first = bp_load_u32_relaxed(&owed_next);
    bp_store_u32_relaxed(&owed_any, false);
    for (uint32_t i = 0; tries && i < OWED_MAX; i++) {
        struct owed *it = &owed[(first + i) % OWED_MAX];
        if (!owed_take(it))
            continue;
        owed_leave(it, unmap_again(it->begin, it->end) ? FULL : EMPTY);
        bp_store_u32_relaxed(&owed_next, first + i + 1);
        tries--;
    }
    if (!tries)
        bp_store_u32_relaxed(&owed_any, true);
}

static int given(void *addr, size_t n_bytes, int code)
{
    if (code)
        return owe(addr, n_bytes, code);
    owed_settle(1);
    return 0;
}

void bp_os_unmap_owed(void)
{
    owed_settle(OWED_MAX + 1);
}

int bp_os_unmap(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_UNMAP), saved = errno;
    if (!code)
        code = bp_os_outcome(saved, munmap(addr, n_bytes) == -1);
    return given(addr, n_bytes, code);
}

int bp_os_drop_pages(void *addr, size_t n_bytes)
{
    int code = bp_os_injected_fault(BP_OS_UNMAP);
    return given(addr, n_bytes, code ? code : bp_os_unmap_pages(addr, n_bytes));
}

int bp_os_unmap_guarded(void *addr, size_t n_bytes)
{
    size_t page = bp_os_page_bytes();
    return bp_os_drop_pages((char *)addr - page, n_bytes + 2 * page);
}
