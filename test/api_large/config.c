// SPDX-License-Identifier: MIT
// bump_large: each word of lgalloc's configuration, and what follows from it.
#include "bumpalloc/large.h"
#include "bumpalloc/stats.h"
#include "process.h"

#include <pthread.h>
#include <time.h>

enum { CLASSES = 23 };

static struct bump_large_class class_of(size_t n_bytes)
{
    struct bump_large_class classes[CLASSES];
    REQUIRE(bump_stats_large(classes, CLASSES) == CLASSES);
    for (int i = 0; i < CLASSES; i++) {
        if (classes[i].class_bytes >= n_bytes)
            return classes[i];
    }
    REQUIRE(!"a class");
    return classes[0];
}

static void *alloc(size_t n_bytes)
{
    void *object = NULL;
    REQUIRE(bump_large_alloc(n_bytes, 0, &object) == 0);
    memset(object, 'x', n_bytes);
    return object;
}

static int set(struct bump_large_config config)
{
    return bump_large_configure(&config);
}

static bool equal(const struct bump_large_config *a, const struct bump_large_config *b)
{
    return a->set == b->set && a->enabled == b->enabled && a->eager_return == b->eager_return &&
           a->fork_copy == b->fork_copy && a->min_bytes == b->min_bytes &&
           a->max_bytes == b->max_bytes && a->path == b->path &&
           a->background_interval_ms == b->background_interval_ms &&
           a->background_clear_bytes == b->background_clear_bytes &&
           a->growth_dampener == b->growth_dampener &&
           a->local_buffer_bytes == b->local_buffer_bytes;
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

// So many objects of n_bytes at once, and then none.
static void breathe(size_t n_bytes, int count)
{
    void *objects[64];
    for (int i = 0; i < count; i++)
        objects[i] = alloc(n_bytes);
    for (int i = 0; i < count; i++)
        CHECK_EQ(bump_large_free(objects[i]), 0);
}

static void defaults(void)
{
    struct bump_large_config config;
    bump_large_config_get(&config);
    CHECK_EQ(config.set, BUMP_LARGE_SET_ALL);
    CHECK(config.enabled && !config.eager_return && !config.fork_copy && !config.path);
    CHECK_EQ(config.min_bytes, 1);
    CHECK_EQ(config.max_bytes, BUMP_LARGE_MAX_BYTES);
    CHECK_EQ(config.background_interval_ms, 0);
    CHECK_EQ(config.background_clear_bytes, 0);
    CHECK_EQ(config.growth_dampener, BUMP_LARGE_AUTO);
    CHECK_EQ(config.local_buffer_bytes, BUMP_LARGE_AUTO);
}

static void comes_back_as_it_was_set(void)
{
    struct bump_large_config before, wanted, after;
    bump_large_config_get(&before);
    bump_large_config_throughput(&wanted);
    CHECK_EQ(bump_large_configure(&wanted), 0);
    bump_large_config_get(&after);
    CHECK(after.eager_return && after.enabled);
    CHECK_EQ(after.background_interval_ms, 1000);
    CHECK_EQ(after.background_clear_bytes, 128 * MIB);
    CHECK_EQ(after.growth_dampener, 2);
    CHECK_EQ(after.local_buffer_bytes, 64 * MIB);
    CHECK_EQ(after.max_bytes, before.max_bytes);
    CHECK_EQ(bump_large_configure(&before), 0);
    bump_large_config_get(&after);
    CHECK(equal(&before, &after));
}

static void invalid_ones_change_nothing(void)
{
    static char path[5000];
    struct bump_large_config before, after;
    memset(path, 'p', sizeof path - 1);
    bump_large_config_get(&before);
    struct bump_large_config wrong = before;
    wrong.enabled = false;
    wrong.growth_dampener = 7;
    wrong.min_bytes = 0;
    CHECK_EQ(bump_large_configure(&wrong), -EINVAL);
    wrong.min_bytes = 3 * MIB;
    wrong.max_bytes = 2 * MIB;
    CHECK_EQ(bump_large_configure(&wrong), -EINVAL);
    wrong.max_bytes = BUMP_LARGE_MAX_BYTES + 1;
    CHECK_EQ(bump_large_configure(&wrong), -EINVAL);
    wrong.max_bytes = BUMP_LARGE_MAX_BYTES;
    wrong.path = path;
    CHECK_EQ(bump_large_configure(&wrong), -ENAMETOOLONG);
    wrong.path = NULL;
    wrong.set = BUMP_LARGE_SET_ALL + 1;
    CHECK_EQ(bump_large_configure(&wrong), -EINVAL);
    bump_large_config_get(&after);
    CHECK(equal(&before, &after));
}

static void disabled_refuses_and_frees(void)
{
    void *object = alloc(2 * MIB), *other = &other;
    CHECK_EQ(bump_large_enable(false), 0);
    CHECK_EQ(bump_large_alloc(2 * MIB, 0, &other), -EPERM);
    CHECK_EQ(bump_large_alloc(2 * MIB, BUMP_LARGE_FILE, &other), -EPERM);
    CHECK_EQ(bump_large_alloc(SIZE_MAX, 0, &other), -EPERM);
    CHECK_PTR(other, &other);
    CHECK_EQ(bump_large_alloc_auto(2 * MIB, 0, &other, NULL), 0);
    CHECK_EQ(bump_large_free(other), 0);
    CHECK_EQ(bump_large_free(object), 0);
    CHECK_EQ(bump_large_enable(true), 0);
    CHECK_EQ(bump_large_free(alloc(2 * MIB)), 0);
}

static void range_has_two_ends(void)
{
    void *object = &object;
    CHECK_EQ(bump_large_set_range(MIB, 4 * MIB), 0);
    CHECK_EQ(bump_large_alloc(MIB - 1, 0, &object), -ERANGE);
    CHECK_EQ(bump_large_alloc(4 * MIB + 1, 0, &object), -ERANGE);
    CHECK_PTR(object, &object);
    CHECK_EQ(bump_large_free(alloc(MIB)), 0);
    CHECK_EQ(bump_large_free(alloc(4 * MIB)), 0);
    CHECK_EQ(bump_large_alloc_auto(8 * MIB, 0, &object, NULL), 0);
    CHECK_EQ(bump_large_free(object), 0);
    CHECK_EQ(bump_large_set_range(1, BUMP_LARGE_MAX_BYTES), 0);
}

static void local_buffer_bounds_the_cache(void)
{
    struct bump_large_config config = {.set = BUMP_LARGE_SET_LOCAL_BUFFER};
    bump_large_purge(SIZE_MAX);
    CHECK_EQ(set(config), 0);
    breathe(512 * KIB, 20);
    CHECK_EQ(class_of(512 * KIB).thread_regions, 0);
    for (size_t slots = 1; slots <= 14; slots++) {
        config.local_buffer_bytes = slots * 512 * KIB;
        CHECK_EQ(set(config), 0);
        breathe(512 * KIB, 20);
        CHECK_EQ(class_of(512 * KIB).thread_regions, slots < 12 ? slots : 12);
    }
    config.local_buffer_bytes = BUMP_LARGE_AUTO;
    CHECK_EQ(set(config), 0);
}

static void eager_return_clears_at_once(void)
{
    struct bump_large_config config = {.set = BUMP_LARGE_SET_EAGER_RETURN |
                                              BUMP_LARGE_SET_LOCAL_BUFFER,
                                       .eager_return = true,
                                       .local_buffer_bytes = 2 * MIB};
    bump_large_purge(SIZE_MAX);
    CHECK_EQ(set(config), 0);
    struct bump_large_class before = class_of(MIB);
    breathe(MIB, 10);
    struct bump_large_class after = class_of(MIB);
    CHECK_EQ(after.clear_eager_total - before.clear_eager_total, 8);
    CHECK_EQ(after.thread_regions, 2);
    CHECK_EQ(after.global_regions, 0);
    CHECK(after.clean_regions >= 8);
    config.eager_return = false;
    config.local_buffer_bytes = BUMP_LARGE_AUTO;
    CHECK_EQ(set(config), 0);
}

// Waits until so many slots of the class were cleared, at most 5 s.
static bool clears_to(size_t n_bytes, size_t total)
{
    for (int i = 0; i < 500 && class_of(n_bytes).clear_slow_total < total; i++)
        sleep_ms(10);
    return class_of(n_bytes).clear_slow_total >= total;
}

// lgalloc 0.2.1 never came back to a second tick; 0.2 cleared by count where bytes were meant.
static void background_clears_by_bytes(void)
{
    struct bump_large_config config = {.set =
                                           BUMP_LARGE_SET_BACKGROUND | BUMP_LARGE_SET_LOCAL_BUFFER,
                                       .background_interval_ms = 100,
                                       .background_clear_bytes = 512 * KIB};
    bump_large_purge(SIZE_MAX);
    CHECK_EQ(set(config), 0);
    struct bump_large_class before = class_of(256 * KIB);
    breathe(256 * KIB, 12);
    size_t total = before.clear_slow_total;
    CHECK(clears_to(256 * KIB, total + 1));
    size_t soon = class_of(256 * KIB).clear_slow_total - total;
    CHECK_FMT(soon < 12, "%zu at once", soon); // a tick's worth is 2 (a call merges up to 2 MiB: 8)
    CHECK(clears_to(256 * KIB, total + 12));
    CHECK_EQ(class_of(256 * KIB).global_regions, 0);
    config.background_clear_bytes = 0; // idles
    CHECK_EQ(set(config), 0);
    breathe(256 * KIB, 12);
    sleep_ms(350);
    CHECK_EQ(class_of(256 * KIB).clear_slow_total, total + 12);
    config.background_interval_ms = 3600 * 1000; // changed while it sleeps
    config.background_clear_bytes = 64 * MIB;
    CHECK_EQ(set(config), 0);
    sleep_ms(250);
    CHECK_EQ(class_of(256 * KIB).clear_slow_total, total + 12);
    config.background_interval_ms = 10;
    CHECK_EQ(set(config), 0);
    CHECK(clears_to(256 * KIB, total + 24));
}

static void in_child(void *unused)
{
    (void)unused;
    size_t total = class_of(256 * KIB).clear_slow_total;
    breathe(256 * KIB, 12);
    CHECK(clears_to(256 * KIB, total + 12));
}

static void background_goes_on_after_fork(void)
{
    CHECK(process_passed(process_child(in_child, NULL)));
    struct bump_large_config config = {.set =
                                           BUMP_LARGE_SET_BACKGROUND | BUMP_LARGE_SET_LOCAL_BUFFER,
                                       .local_buffer_bytes = BUMP_LARGE_AUTO};
    CHECK_EQ(set(config), 0);
}

// next = last + max(32 MiB / class, last / (dampener + 1)): a class that nobody has used before.
static void areas_grow_as_dampened(size_t n_bytes, size_t dampener)
{
    void *objects[200];
    size_t held = 0, last = 0, first = 32 * MIB / n_bytes;
    struct bump_large_config config = {.set = BUMP_LARGE_SET_GROWTH_DAMPENER,
                                       .growth_dampener = dampener};
    CHECK_EQ(set(config), 0);
    REQUIRE(class_of(n_bytes).area_total_bytes == 0);
    for (size_t count = 0; count < 200; count++) {
        if (count == held) {
            size_t more = last / (dampener + 1);
            last += more > first ? more : first;
            held += last;
        }
        REQUIRE(bump_large_alloc(n_bytes, 0, &objects[count]) == 0);
        CHECK_FMT(class_of(n_bytes).area_total_bytes == held * n_bytes, "object %zu: %zu, not %zu",
                  count, class_of(n_bytes).area_total_bytes / n_bytes, held);
    }
    for (size_t count = 0; count < 200; count++)
        CHECK_EQ(bump_large_free(objects[count]), 0);
    config.growth_dampener = BUMP_LARGE_AUTO;
    CHECK_EQ(set(config), 0);
}

static void growth_is_dampened(void)
{
    areas_grow_as_dampened(8 * MIB, 0); // doubling
    areas_grow_as_dampened(16 * MIB, 2);
}

CHECK_MAIN(defaults, growth_is_dampened, comes_back_as_it_was_set, invalid_ones_change_nothing,
           disabled_refuses_and_frees, range_has_two_ends, local_buffer_bounds_the_cache,
           eager_return_clears_at_once, background_clears_by_bytes, background_goes_on_after_fork)
