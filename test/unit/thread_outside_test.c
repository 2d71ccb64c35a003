// SPDX-License-Identifier: MIT
// thread: what another process asks for is done by the next slow path, once, and only if it may
// ask.
#include "core/options.h"
#include "thread/outside.h"
#include "thread/request.h"
#include "thread_unit.h"

enum { LARGE = 3 << 20, LARGE_COUNT = 4 };

static char profiled[600];

// As the outsider's write does it: one byte.
static void ask(unsigned char what)
{
    *(volatile unsigned char *)&bp_outside.pending = what;
}

static void boot_with_dirty_memory(void)
{
    void *objects[LARGE_COUNT];
    thread_boot(BP_TIB);
    thread_heap();
    for (int i = 0; i < LARGE_COUNT; i++)
        REQUIRE((objects[i] = bp_request_alloc(LARGE, 16, false)) != NULL);
    bp_options.purge_floor_bytes = BP_GIB;
    for (int i = 0; i < LARGE_COUNT; i++)
        REQUIRE(bp_request_free(objects[i]) == BP_DONE);
    CHECK_EQ(bp_load_relaxed(&bp_counters.dirty_bytes), LARGE_COUNT * LARGE);
}

static void slow_alloc(void)
{
    REQUIRE(bp_request_alloc(100, 16, false) != NULL);
}

static uint32_t served(void)
{
    return bp_load_u32_relaxed(&bp_outside.served);
}

static void trims_in_the_next_alloc(void)
{
    boot_with_dirty_memory();
    ask(BP_OUTSIDE_TRIM);
    CHECK(bp_outside_is_asked());
    slow_alloc();
    CHECK_EQ(bp_load_relaxed(&bp_counters.dirty_bytes), 0);
    CHECK_EQ(bp_load_relaxed(&bp_outside.released_bytes), LARGE_COUNT * LARGE);
    CHECK_EQ(served(), 1);
    CHECK(!bp_outside_is_asked());
    slow_alloc();
    CHECK_EQ(served(), 1);
}

static void trims_in_the_next_free(void)
{
    boot_with_dirty_memory();
    void *object = bp_request_alloc(100, 16, false);
    ask(BP_OUTSIDE_TRIM);
    REQUIRE(bp_request_free(object) == BP_DONE);
    CHECK_EQ(served(), 1);
    CHECK_EQ(bp_load_relaxed(&bp_counters.dirty_bytes), 0);
}

static void trims_in_the_next_resize(void)
{
    enum bp_verdict verdict;
    boot_with_dirty_memory();
    void *object = bp_request_alloc(LARGE, 16, false);
    ask(BP_OUTSIDE_TRIM);
    REQUIRE(bp_request_resize(object, LARGE + 5000, &verdict) == object);
    CHECK_EQ(served(), 1);
}

static void ignores_who_may_not_ask(void)
{
    boot_with_dirty_memory();
    bp_options.outside = 0;
    ask(BP_OUTSIDE_TRIM | BP_OUTSIDE_PROFILE);
    slow_alloc();
    CHECK_EQ(bp_load_relaxed(&bp_counters.dirty_bytes), LARGE_COUNT * LARGE);
    CHECK_EQ(served(), 0);
    CHECK(!bp_outside_is_asked());
}

static void note_profile(const char *argument)
{
    snprintf(profiled, sizeof profiled, "%s", argument);
}

// Whatever was written, the argument is a string.
static void profile_gets_its_argument(void)
{
    boot_with_dirty_memory();
    ask(BP_OUTSIDE_PROFILE);
    slow_alloc(); // nobody is there to do it
    CHECK_EQ(served(), 1);
    bp_outside_on_profile = note_profile;
    strcpy(bp_outside.argument, "/tmp/a file");
    ask(BP_OUTSIDE_PROFILE);
    slow_alloc();
    CHECK_STR(profiled, "/tmp/a file");
    memset(bp_outside.argument, 'x', sizeof bp_outside.argument);
    ask(BP_OUTSIDE_PROFILE);
    slow_alloc();
    CHECK_EQ(strlen(profiled), sizeof bp_outside.argument - 1);
    CHECK_EQ(bp_load_relaxed(&bp_counters.dirty_bytes), LARGE_COUNT * LARGE);
}

static void both_at_once(void)
{
    boot_with_dirty_memory();
    bp_outside_on_profile = note_profile;
    strcpy(bp_outside.argument, "both");
    ask(BP_OUTSIDE_TRIM | BP_OUTSIDE_PROFILE);
    slow_alloc();
    CHECK_STR(profiled, "both");
    CHECK_EQ(bp_load_relaxed(&bp_counters.dirty_bytes), 0);
    CHECK_EQ(served(), 1);
}

static void child_is_not_asked(void)
{
    boot_with_dirty_memory();
    ask(BP_OUTSIDE_TRIM);
    bp_outside_after_fork();
    slow_alloc();
    CHECK_EQ(served(), 0);
    CHECK_EQ(bp_load_relaxed(&bp_counters.dirty_bytes), LARGE_COUNT * LARGE);
}

UNIT_MAIN(UNIT_CASE(trims_in_the_next_alloc), UNIT_CASE(trims_in_the_next_free),
          UNIT_CASE(trims_in_the_next_resize), UNIT_CASE(ignores_who_may_not_ask),
          UNIT_CASE(profile_gets_its_argument), UNIT_CASE(both_at_once),
          UNIT_CASE(child_is_not_asked))
