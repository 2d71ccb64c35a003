// SPDX-License-Identifier: MIT
// bump_stats: what is counted is what was done.
#include "bumpalloc/stats.h"
#include "bumpalloc/bumpalloc.h"
#include "bumpalloc/large.h"
#include "process.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>

enum { SMALL = 52, LARGE = 23, OBJECTS = 1000 };

static struct bump_large_class large_of(size_t n_bytes)
{
    struct bump_large_class classes[LARGE];
    int i = 0;
    REQUIRE(bump_stats_large(classes, LARGE) == LARGE);
    while (i < LARGE - 1 && classes[i].class_bytes < n_bytes)
        i++;
    return classes[i];
}

static struct bump_small_class small_of(size_t n_bytes)
{
    struct bump_small_class classes[SMALL];
    int i = 0;
    REQUIRE(bump_stats_small(classes, SMALL) == SMALL);
    while (i < SMALL - 1 && classes[i].object_bytes < n_bytes)
        i++;
    return classes[i];
}

static void fills_no_more_than_asked(void)
{
    struct bump_small_class small[2] = {{0}, {77, 77, 77}};
    struct bump_large_class large[2] = {{0}, {.areas = 77}};
    struct bump_file_class file[2] = {{0}, {.live_bytes = 77}};
    CHECK_EQ(bump_stats_small(small, 1), SMALL);
    CHECK_EQ(bump_stats_large(large, 1), LARGE);
    CHECK_EQ(bump_stats_files(file, 1), LARGE);
    CHECK(small[0].object_bytes == 16 && small[1].used_objects == 77);
    CHECK(large[0].class_bytes == 64 * KIB && large[1].areas == 77);
    CHECK(file[0].class_bytes == 64 * KIB && file[1].live_bytes == 77);
    CHECK_EQ(bump_stats_small(NULL, 0), SMALL);
    CHECK_EQ(bump_stats_large(NULL, 0), LARGE);
}

static size_t resident_kib(const char *name)
{
    size_t kib = 0;
    char line[256];
    FILE *file = fopen("/proc/self/status", "r");
    REQUIRE(file != NULL);
    while (fgets(line, sizeof(line), file)) {
        if (!strncmp(line, name, strlen(name)))
            kib = strtoul(line + strlen(name), NULL, 10);
    }
    fclose(file);
    return kib;
}

// What is touched is resident, to the page, and what was purged is not; all of it is a part of what
// the system says of the process.
static void resident_memory_is_what_is_touched(void)
{
    struct bump_resident before, during, after;
    char *object, *small = malloc(100);
    size_t n_bytes = 40 * MIB + 4096;
    REQUIRE(bump_large_alloc(n_bytes, 0, (void **)&object) == 0);
    bump_purge();
    CHECK_EQ(bump_stats_resident(&before), 0);
    memset(object, 1, n_bytes / 2);
    *small = 1;
    CHECK_EQ(bump_stats_resident(&during), 0);
    CHECK(during.slot_bytes - before.slot_bytes >= n_bytes / 2);
    CHECK(during.slot_bytes - before.slot_bytes <= n_bytes / 2 + 2 * MIB); // a huge page, perhaps
    CHECK(during.chunk_bytes > 0 && during.meta_bytes > 0);
    CHECK((during.chunk_bytes + during.slot_bytes + during.meta_bytes) / KIB <=
          resident_kib("VmRSS:"));
    free(small);
    bump_large_free(object);
    bump_purge();
    CHECK_EQ(bump_stats_resident(&after), 0);
    CHECK(after.slot_bytes <= before.slot_bytes);
}

static void small_objects_are_counted(void)
{
    static void *objects[OBJECTS];
    struct bump_small_class before = small_of(1500);
    for (int i = 0; i < OBJECTS; i++)
        objects[i] = malloc(1500);
    struct bump_small_class during = small_of(1500);
    CHECK_EQ(during.used_objects - before.used_objects, OBJECTS);
    for (int i = 0; i < OBJECTS; i++)
        free(objects[i]);
    struct bump_small_class after = small_of(1500);
    CHECK_EQ(after.used_objects, before.used_objects);
}

// From the thread's cache, from the pool, fresh; by malloc and by bump_large.
static void large_objects_are_counted(void)
{
    void *objects[20];
    bump_large_purge(SIZE_MAX);
    struct bump_large_class before = large_of(128 * KIB);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 20; i++) {
            if (i % 2)
                objects[i] = malloc(100 * KIB);
            else
                CHECK_EQ(bump_large_alloc(100 * KIB, 0, &objects[i]), 0);
            memset(objects[i], 'x', 100 * KIB);
        }
        struct bump_large_class it = large_of(128 * KIB);
        CHECK_EQ(it.live_regions - before.live_regions, 20);
        CHECK_EQ(it.live_bytes - before.live_bytes, 20 * 100 * KIB);
        for (int i = 0; i < 20; i++)
            free(objects[i]);
    }
    struct bump_large_class after = large_of(128 * KIB);
    CHECK_EQ(after.allocations - before.allocations, 60);
    CHECK_EQ(after.deallocations - before.deallocations, 60);
    CHECK_EQ(after.live_regions, before.live_regions);
    CHECK_EQ(after.free_regions, after.thread_regions + after.global_regions + after.clean_regions);
    CHECK_EQ(after.thread_regions, 12); // eight of its own, four in reach of others
    CHECK(after.slow_path - before.slow_path <= 20);
    CHECK(after.high_water_bytes >= 20 * 128 * KIB);
    CHECK(after.areas >= 1 && after.areas == after.refill);
    CHECK(after.area_total_bytes >= after.high_water_bytes);
    CHECK(after.committed_bytes >= 20 * 100 * KIB);
    CHECK_EQ(after.fallbacks + after.clear_failed, 0);
    bump_large_purge(SIZE_MAX);
    struct bump_large_class purged = large_of(128 * KIB);
    CHECK_EQ(purged.clear_slow_total - after.clear_slow_total,
             after.global_regions + after.thread_regions);
    CHECK_EQ(purged.global_regions + purged.thread_regions, 0);
}

static void *one_large(void *unused)
{
    (void)unused;
    free(malloc(700 * KIB));
    return NULL;
}

// What threads counted stays when they end.
static void ended_threads_count(void)
{
    struct bump_large_class before = large_of(MIB);
    for (int i = 0; i < 30; i++) {
        pthread_t thread;
        REQUIRE(pthread_create(&thread, NULL, one_large, NULL) == 0);
        pthread_join(thread, NULL);
    }
    struct bump_large_class after = large_of(MIB);
    CHECK_EQ(after.allocations - before.allocations, 30);
    CHECK_EQ(after.deallocations - before.deallocations, 30);
}

static void the_whole_adds_up(void)
{
    struct bump_stats before, during, after;
    bump_purge();
    bump_stats_get(&before);
    char *object = malloc(50 * MIB);
    memset(object, 'x', 50 * MIB);
    bump_stats_get(&during);
    CHECK_EQ(during.used_bytes - before.used_bytes, 50 * MIB);
    CHECK_EQ(during.slot_bytes - before.slot_bytes, 50 * MIB);
    CHECK(during.committed_bytes >= during.slot_bytes);
    CHECK(during.reserved_bytes >= during.committed_bytes);
    free(object);
    bump_purge();
    bump_stats_get(&after);
    CHECK_EQ(after.used_bytes, before.used_bytes);
    CHECK_EQ(after.dirty_bytes, 0);
    CHECK(after.purged_bytes - during.purged_bytes >= 50 * MIB);
    CHECK(after.purges > during.purges);
    CHECK_EQ(after.limit_failures + after.purge_failures, 0);
}

static void writing_has_errors(void)
{
    CHECK_EQ(bump_stats_write(-1, BUMP_STATS_TEXT), -EBADF);
    CHECK_EQ(bump_stats_write(1, (enum bump_stats_format)99), -EINVAL);
    int full = open("/dev/full", O_WRONLY);
    if (full >= 0)
        CHECK_EQ(bump_stats_write(full, BUMP_STATS_JSON), -ENOSPC);
    errno = 4711;
    int sink = open("/dev/null", O_WRONLY);
    errno = 4711;
    CHECK_EQ(bump_stats_write(sink, BUMP_STATS_PROMETHEUS), 0);
    CHECK_EQ(errno, 4711);
}

CHECK_MAIN(fills_no_more_than_asked, resident_memory_is_what_is_touched, small_objects_are_counted,
           large_objects_are_counted, ended_threads_count, the_whole_adds_up, writing_has_errors)
