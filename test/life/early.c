// SPDX-License-Identifier: MIT
// Allocation before main: from .preinit_array (before any library's constructor), from the
// earliest constructor, and after main from destructors.
#include "life.h"

#include <malloc.h>
#include <pthread.h>

enum { KEYS = 64, FORK_HANDLERS = 80, EARLY_BLOCKS = 3 * LIFE_SIZE_COUNT };

static struct life_block blocks[EARLY_BLOCKS];
static size_t block_count;
static void *aligned_early;
static int handler_calls;

static void count_handler(void)
{
    handler_calls++;
}

static void allocate_all_sizes(void)
{
    for (size_t i = 0; i < LIFE_SIZE_COUNT; i++, block_count++)
        life_alloc(&blocks[block_count], life_sizes[i], block_count);
    life_workload(block_count, 1);
}

// Takes the keys that a thread has room for from the start: for one more, libc allocates.
static void use_up_keys(void)
{
    pthread_key_t key;
    for (int i = 0; i < KEYS; i++)
        REQUIRE(pthread_key_create(&key, NULL) == 0);
}

static void preinit(void)
{
    life_watchdog(30);
    use_up_keys();
    allocate_all_sizes();
    aligned_early = memalign(4096, 100);
    for (int i = 0; i < FORK_HANDLERS; i++)
        REQUIRE(pthread_atfork(count_handler, NULL, NULL) == 0);
}

__attribute__((section(".preinit_array"), used)) static void (*const preinit_entry)(void) = preinit;

__attribute__((constructor(101))) static void construct_first(void)
{
    allocate_all_sizes();
    life_free(&blocks[0]);
}

__attribute__((constructor)) static void construct_last(void)
{
    allocate_all_sizes();
}

// Runs when main and all tests are over: a failure must still end the process badly.
__attribute__((destructor(101))) static void destruct(void)
{
    for (size_t i = 0; i < block_count; i++)
        life_free(&blocks[i]);
    life_workload(1, 3);
    if (check_failures)
        _exit(check_end());
}

static void early_blocks_are_intact(void)
{
    CHECK_EQ(block_count, EARLY_BLOCKS);
    for (size_t i = 1; i < block_count; i++)
        life_intact(&blocks[i]);
    CHECK_ALIGNED(aligned_early, 4096);
    free(aligned_early);
}

static void early_block_grows(void)
{
    for (size_t i = 1; i < block_count; i += 2) {
        struct life_block *b = &blocks[i];
        b->start = realloc(b->start, 3 * b->size);
        REQUIRE(b->start != NULL);
        size_t part = b->size < LIFE_PART ? b->size : LIFE_PART;
        CHECK_FMT(pattern_mismatch(b->start + b->size - part, part, b->seed) == part, "%zu",
                  b->size);
        b->size *= 3;
        life_fill(b);
    }
}

static void fork_handlers_were_kept(void)
{
    pid_t child = fork();
    if (child == 0) {
        life_workload(2, 2);
        _exit(check_end());
    }
    life_wait(child);
    CHECK_EQ(handler_calls, FORK_HANDLERS);
}

static void *run_thread(void *unused)
{
    life_workload(3, 3);
    return unused;
}

// The thread's own exit hook sits beyond the keys that a thread has room for from the start.
static void threads_end_well(void)
{
    for (int i = 0; i < 50; i++) {
        pthread_t thread;
        REQUIRE(pthread_create(&thread, NULL, run_thread, NULL) == 0);
        pthread_join(thread, NULL);
    }
}

CHECK_MAIN(early_blocks_are_intact, early_block_grows, fork_handlers_were_kept, threads_end_well)
