// SPDX-License-Identifier: MIT
// reserve: where huge pages are asked for, seen by the calls that reach the system.
#include "base/limits.h"
#include "core/counters.h"
#include "core/options.h"
#include "os/os.h"
#include "reserve/huge.h"
#include "unit.h"

#include <sys/mman.h>

static char *area;

static bool flagged(const char *address, const char *flag)
{
    char line[512];
    bool inside = false, found = false;
    FILE *maps = fopen("/proc/self/smaps", "r");
    REQUIRE(maps);
    while (fgets(line, sizeof line, maps)) {
        unsigned long from, until;
        if (sscanf(line, "%lx-%lx ", &from, &until) == 2)
            inside = from <= (size_t)address && (size_t)address < until;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            found = strstr(line, flag) != NULL;
    }
    fclose(maps);
    return found;
}

static void area_map(void)
{
    area = mmap(NULL, 16 * BP_MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(area != MAP_FAILED);
    area = (char *)(((size_t)area + BP_HUGE_BYTES - 1) & ~(BP_HUGE_BYTES - 1));
}

static void take_in_bulk(void)
{
    bp_store_relaxed(&bp_counters.fresh_slot_bytes, 64 * BP_MIB);
}

static void starts_without(void)
{
    area_map();
    bp_huge_init(area, 8 * BP_MIB);
    CHECK(flagged(area, " nh"));
    CHECK(!bp_huge_wants(0, 8 * BP_MIB));
    CHECK(!bp_huge_object(area, 0, 8 * BP_MIB));
    bp_huge_window(area, 2 * BP_MIB, 62 * BP_MIB);
    CHECK(flagged(area, " nh"));
}

static void bulk_gets_them(void)
{
    area_map();
    bp_huge_init(area, 8 * BP_MIB);
    take_in_bulk();
    CHECK(bp_huge_object(area, 0, 4 * BP_MIB));
    CHECK(flagged(area, " hg"));
    CHECK(flagged(area + 4 * BP_MIB - 1, " hg"));
    CHECK(flagged(area + 4 * BP_MIB, " nh"));
    bp_huge_window(area + 4 * BP_MIB, 2 * BP_MIB, 64 * BP_MIB);
    CHECK(flagged(area + 4 * BP_MIB, " hg"));
}

// From the first whole unit to the last; three quarters at the end are as good as whole.
static void whole_units_alone(void)
{
    take_in_bulk();
    CHECK(!bp_huge_wants(1, 2 * BP_MIB));
    CHECK(!bp_huge_wants(0, BP_MIB + BP_MIB / 2 - 1));
    CHECK(bp_huge_wants(0, BP_MIB + BP_MIB / 2));
    CHECK(bp_huge_wants(1, 4 * BP_MIB));
    area_map();
    CHECK(bp_huge_object(area, 4096, 5 * BP_MIB));
    CHECK(!flagged(area, " hg"));
    CHECK(flagged(area + 2 * BP_MIB, " hg"));
    CHECK(!flagged(area + 4 * BP_MIB, " hg"));
}

static void never_means_never(void)
{
    bp_options.thp = BP_THP_NEVER;
    take_in_bulk();
    area_map();
    bp_huge_init(area, 8 * BP_MIB);
    CHECK(!bp_huge_object(area, 0, 8 * BP_MIB));
    bp_huge_window(area, 2 * BP_MIB, BP_GIB);
    CHECK(flagged(area, " nh"));
}

static void always_means_always(void)
{
    bp_options.thp = BP_THP_ALWAYS;
    area_map();
    bp_huge_init(area, 8 * BP_MIB);
    CHECK(!flagged(area, " nh"));
    bp_huge_window(area, 2 * BP_MIB, 0);
    CHECK(flagged(area, " hg"));
    CHECK(bp_huge_object(area, 2 * BP_MIB, 4 * BP_MIB));
}

static void no_purge_no_advice(void)
{
    bp_options.purge = BP_PURGE_NEVER;
    bp_options.thp = BP_THP_ALWAYS;
    take_in_bulk();
    area_map();
    bp_huge_init(area, 8 * BP_MIB);
    CHECK(!bp_huge_object(area, 0, 8 * BP_MIB));
    bp_huge_window(area, 2 * BP_MIB, BP_GIB);
    CHECK(!flagged(area, " hg") && !flagged(area, " nh"));
}

UNIT_MAIN(UNIT_CASE(starts_without), UNIT_CASE(bulk_gets_them), UNIT_CASE(whole_units_alone),
          UNIT_CASE(never_means_never), UNIT_CASE(always_means_always),
          UNIT_CASE(no_purge_no_advice))
