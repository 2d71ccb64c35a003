// SPDX-License-Identifier: MIT
#include "ward/pages.h"

#include "core/options.h"
#include "os/os.h"
#include "os/os_guard.h"
#include "ward/tag.h"

#include <string.h>

enum {
    PAGES_MAX = 256,
    WHOLE_MAX = 64 << 10, // to ask costs as much as to clear so many bytes
};

static bool clear(char *at, size_t n_bytes)
{
    memset(at, 0, n_bytes);
    return true;
}

static bool is_zero(char *at, size_t n_bytes)
{
    return bp_is_zero(at, at + n_bytes);
}

// A run of pages, of which the first says whether there is memory behind them. What is said to be
// absent may be swapped out: it goes, and reads zero for certain.
static bool run_visit(char *at, size_t n_bytes, bool resident, bool (*visit)(char *, size_t))
{
    if (resident || bp_options.purge == BP_PURGE_NEVER || bp_os_purge(at, n_bytes))
        return visit(at, n_bytes);
    return true;
}

static bool pages_visit(char *at, size_t n_bytes, bool (*visit)(char *, size_t))
{
    unsigned char resident[PAGES_MAX];
    size_t page = bp_os_page_bytes();
    size_t count = n_bytes / page, until;
    bool all = true;
    if (n_bytes <= WHOLE_MAX || n_bytes / 4096 > PAGES_MAX ||
        bp_os_residency(at, n_bytes, resident))
        return visit(at, n_bytes);
    for (size_t from = 0; from < count; from = until) {
        for (until = from + 1; until < count && !((resident[until] ^ resident[from]) & 1);)
            until++;
        all &= run_visit(at + from * page, (until - from) * page, resident[from] & 1, visit);
    }
    return all;
}

void bp_pages_clear(char *at, size_t n_bytes)
{
    pages_visit(at, n_bytes, clear);
}

bool bp_pages_drop(char *at, size_t n_bytes)
{
    if (bp_options.purge != BP_PURGE_NEVER && !bp_os_purge(at, n_bytes))
        return true;
    bp_pages_clear(at, n_bytes);
    return false;
}

bool bp_pages_are_zero(char *at, size_t n_bytes)
{
    return pages_visit(at, n_bytes, is_zero);
}
