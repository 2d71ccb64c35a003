// SPDX-License-Identifier: MIT
// Several threads fork at the same time, so that the fork handlers of one run between those of
// another, while more threads allocate.
#include "noise.h"

enum { FORKERS = 4, FORKS = 60 };

static void *run_forker(void *argument)
{
    uint64_t seed = (uintptr_t)argument;
    struct life_block mine[LIFE_SIZE_COUNT];
    for (size_t i = 0; i < LIFE_SIZE_COUNT; i++)
        life_alloc(&mine[i], life_sizes[i], seed + i);
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork();
        if (child == 0) {
            life_watchdog(30);
            for (size_t k = 0; k < LIFE_SIZE_COUNT; k++)
                life_free(&mine[k]);
            life_workload(seed + (uint64_t)i, 3);
            _exit(check_end());
        }
        life_workload(seed, 1); // next to the child, not after it
        life_wait(child);
    }
    for (size_t i = 0; i < LIFE_SIZE_COUNT; i++)
        life_free(&mine[i]);
    return NULL;
}

static void threads_fork_at_once(void)
{
    pthread_t threads[FORKERS];
    life_watchdog(90);
    noise_start(2);
    for (long i = 0; i < FORKERS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, run_forker, (void *)(100 * i + 1)) == 0);
    for (int i = 0; i < FORKERS; i++)
        pthread_join(threads[i], NULL);
    noise_stop();
}

CHECK_MAIN(threads_fork_at_once)
