// SPDX-License-Identifier: MIT
// The background worker on Windows (BUMPALLOC_BACKGROUND=1): what idles is given back with no call
// of the program's; commit charge is looked at from outside. The process ends while it sleeps.
#include "check.h"

#include "base/limits.h"
#include "bumpalloc/bumpalloc.h"
#include "core/options.h"
#include "reserve/reserve.h"

#include <windows.h>

enum { COUNT = 300000, BYTES = 100, PATIENCE_MS = 30000 };

static size_t committed_bytes(void)
{
    size_t total = 0;
    char *at = bp_reservation.base, *end = at + bp_reservation.n_bytes;
    MEMORY_BASIC_INFORMATION info;
    while (at < end && VirtualQuery(at, &info, sizeof info)) {
        char *after = (char *)info.BaseAddress + info.RegionSize;
        total += info.State == MEM_COMMIT ? (size_t)(after - at) : 0;
        at = after;
    }
    return total;
}

static void what_idles_goes_back(void)
{
    static void *blocks[COUNT];
    CHECK_EQ(bp_options.background, 1);
    for (int i = 0; i < COUNT; i++)
        blocks[i] = malloc(BYTES);
    size_t in_use = committed_bytes();
    CHECK(in_use >= (size_t)COUNT * BYTES);
    for (int i = 0; i < COUNT; i++)
        free(blocks[i]);
    ULONGLONG start = GetTickCount64();
    while (committed_bytes() > 6 * BP_MIB && GetTickCount64() - start < PATIENCE_MS)
        Sleep(100);
    CHECK_FMT(committed_bytes() <= 6 * BP_MIB, "%zu of %zu after %llu ms", committed_bytes(),
              in_use, GetTickCount64() - start);
}

static void it_serves_again(void)
{
    for (int i = 0; i < 100000; i++) {
        char *p = malloc((size_t)i % 5000 + 1);
        REQUIRE(p != NULL);
        p[i % 5000] = 1;
        free(p);
    }
}

CHECK_MAIN(what_idles_goes_back, it_serves_again)
