// SPDX-License-Identifier: MIT
// Commit charge, measured from outside: what VirtualQuery says is committed in the reservation.
// Windows charges it whether it is touched or not, so it has to follow what is in use.
#include "check.h"

#include "base/bits.h"
#include "bumpalloc/bumpalloc.h"
#include "core/counters.h"
#include "reserve/reserve.h"

#include <windows.h>

#define SLACK_BYTES (4 * BP_MIB) // metadata and windows of a small process

static size_t committed_bytes(void)
{
    size_t total = 0;
    char *at = bp_reservation.base;
    char *end = at + bp_reservation.n_bytes;
    MEMORY_BASIC_INFORMATION info;
    while (at < end && VirtualQuery(at, &info, sizeof info)) {
        size_t left = (size_t)(end - at);
        size_t here = info.RegionSize - (size_t)(at - (char *)info.BaseAddress);
        total += info.State == MEM_COMMIT ? bp_min(here, left) : 0;
        at += here;
    }
    return total;
}

static void check_books(void)
{
    CHECK_EQ(bp_load_relaxed(&bp_counters.committed_bytes), committed_bytes());
}

static void small_process_is_charged_little(void)
{
    void *p[1000];
    for (int i = 0; i < 1000; i++)
        p[i] = malloc((size_t)i % 500 + 1);
    CHECK_FMT(committed_bytes() < SLACK_BYTES + BP_MIB, "%zu", committed_bytes());
    for (int i = 0; i < 1000; i++)
        free(p[i]);
    check_books();
}

// Half of a small heap, an eighth of a larger one, is the most that is charged ahead.
static void growth_is_followed(void)
{
    enum { COUNT = 200000, BYTES = 512 };
    static void *p[COUNT];
    for (int i = 0; i < COUNT; i++) {
        p[i] = malloc(BYTES);
        if (i % 4000)
            continue;
        size_t used = (size_t)i * BYTES, now = committed_bytes();
        CHECK_FMT(now >= used && now <= used + used / 4 + SLACK_BYTES, "%zu for %zu", now, used);
    }
    for (int i = 0; i < COUNT; i++)
        free(p[i]);
    bump_purge();
    CHECK_FMT(committed_bytes() < SLACK_BYTES, "%zu at rest", committed_bytes());
    check_books();
}

static void a_large_object_is_charged_alone(void)
{
    size_t before = committed_bytes();
    char *p = malloc(5 * BP_MIB);
    size_t more = committed_bytes() - before;
    CHECK_FMT(more >= 5 * BP_MIB && more <= 5 * BP_MIB + 128 * BP_KIB, "%zu", more);
    p = realloc(p, 7 * BP_MIB);
    more = committed_bytes() - before;
    CHECK_FMT(more >= 7 * BP_MIB && more <= 7 * BP_MIB + 128 * BP_KIB, "%zu", more);
    p = realloc(p, 4 * BP_MIB + 4096);
    more = committed_bytes() - before;
    CHECK_FMT(more <= 5 * BP_MIB, "%zu after it shrank", more);
    free(p);
    check_books();
}

// No call of ours comes after the last free: the burst has to have gone back by then. What comes
// again at once is kept, within reason (reserve/budget.h); a purge gives all of it back.
static void a_burst_goes_back(void)
{
    enum { COUNT = 256 };
    static char *p[COUNT];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < COUNT; i++) {
            p[i] = malloc(BP_MIB + (size_t)i * 100);
            memset(p[i], 1, BP_MIB);
        }
        CHECK(committed_bytes() >= COUNT * BP_MIB);
        for (int i = 0; i < COUNT; i++)
            free(p[i]);
        CHECK_FMT(round || committed_bytes() < 64 * BP_MIB, "%zu after it", committed_bytes());
        check_books();
    }
    bump_purge();
    CHECK_FMT(committed_bytes() < SLACK_BYTES, "%zu at rest", committed_bytes());
}

static void what_is_used_again_is_zero_where_it_must(void)
{
    for (int i = 0; i < 50; i++) {
        size_t n_bytes = (size_t)(i + 1) * 70001;
        char *p = calloc(1, n_bytes);
        REQUIRE(p != NULL);
        size_t at = 0;
        while (at < n_bytes && !p[at])
            at++;
        CHECK_EQ(at, n_bytes);
        memset(p, 1, n_bytes);
        free(p);
        if (i % 5 == 0)
            bump_purge();
    }
    check_books();
}

CHECK_MAIN(small_process_is_charged_little, growth_is_followed, a_large_object_is_charged_alone,
           a_burst_goes_back, what_is_used_again_is_zero_where_it_must)
