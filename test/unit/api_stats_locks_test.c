// SPDX-License-Identifier: MIT
// api: reading the statistics blocks nobody, and is blocked by nobody: every lock of the library is
// held meanwhile. A call that wanted one would wait for ever.
#include "bumpalloc/large.h"
#include "bumpalloc/stats.h"
#include "thread/boot.h"
#include "thread/fork.h"
#include "unit.h"

static void takes_no_lock(void)
{
    struct bump_stats stats;
    struct bump_small_class small[64];
    struct bump_large_class large[64];
    struct bump_file_class files[64];
    void *object = NULL, *file = NULL;
    CHECK_EQ(bump_large_alloc(1 << 20, 0, &object), 0);
    CHECK_EQ(bump_large_alloc(1 << 20, BUMP_LARGE_FILE, &file), 0);
    int sink = unit_sink();
    bp_fork_prepare();
    bump_stats_get(&stats);
    CHECK_EQ(stats.slot_bytes, 1 << 20);
    CHECK_EQ(bump_stats_small(small, 64), 52);
    CHECK_EQ(bump_stats_large(large, 64), 23);
    CHECK_EQ(large[4].live_regions, 1);
    CHECK_EQ(bump_stats_files(files, 64), 23);
    CHECK_EQ(files[4].allocated_bytes, 1 << 20);
    CHECK_EQ(bump_stats_write(sink, BUMP_STATS_JSON), 0);
    bp_fork_parent();
    CHECK_EQ(bump_large_free(object), 0);
    CHECK_EQ(bump_large_free(file), 0);
}

static void before_anything_else(void)
{
    struct bump_stats stats;
    bump_stats_get(&stats);
    CHECK(stats.reserved_bytes > 0 && stats.used_bytes == 0);
}

UNIT_MAIN(UNIT_CASE(before_anything_else), UNIT_CASE(takes_no_lock))
