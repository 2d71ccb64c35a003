// SPDX-License-Identifier: MIT
// Runs under the hooks of hooks.c: the allocator's own system calls lead back into the allocator,
// on the same thread, at any point of its work. It must neither lock itself out nor lose data.
#include "noise.h"

enum { BURST = 3000, BIG = 30 };

static struct life_block blocks[BURST];

static void hooks_are_there(void)
{
    const int *calls = dlsym(RTLD_DEFAULT, "hook_calls");
    life_watchdog(60);
    REQUIRE(calls != NULL);
    int before = *calls;
    CHECK_NULL(getenv("BUMPALLOC_NO_SUCH_NAME"));
    CHECK_EQ(*calls, before + 1);
}

static void library_comes_up_without_functions_that_may_not_be_there_yet(void)
{
    const int *calls = dlsym(RTLD_DEFAULT, "hook_calls_too_early");
    REQUIRE(calls != NULL);
    life_alloc(&blocks[0], 100, 1);
    life_free(&blocks[0]);
    CHECK_EQ(*calls, 0);
}

// Grows and is purged, again and again.
static void bursts_come_and_go(void)
{
    struct prng rng = {1};
    for (int turn = 0; turn < 4; turn++) {
        for (int i = 0; i < BURST; i++)
            life_alloc(&blocks[i], prng_range(&rng, 1, 40000), prng_next(&rng));
        for (int i = 0; i < BURST; i++)
            life_free(&blocks[i]);
    }
}

static void large_blocks_come_and_go(void)
{
    for (size_t size = 100000; size < 60000000; size *= 5) {
        for (int i = 0; i < BIG; i++) {
            life_alloc(&blocks[i], size, size + (size_t)i);
            blocks[i].start = realloc(blocks[i].start, size * 2);
            REQUIRE(blocks[i].start != NULL);
        }
        for (int i = 0; i < BIG; i++)
            life_free(&blocks[i]);
    }
}

static void threads_and_forks(void)
{
    noise_start(4);
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        if (child == 0) {
            life_watchdog(20);
            life_workload((uint64_t)i, 3);
            _exit(check_end());
        }
        life_workload(1, 2);
        life_wait(child);
    }
    noise_stop();
}

CHECK_MAIN(hooks_are_there, library_comes_up_without_functions_that_may_not_be_there_yet,
           bursts_come_and_go, large_blocks_come_and_go, threads_and_forks)
